import Forges
import PipelineModel
import Store
import Testing

@testable import Server

@Suite("What repo add warns of")
struct RepositorySurprisesTests {
    private static func checks(
        of planning: NewPipeline.Planning?, _ survey: ForgeSurvey = ForgeSurvey(),
        _ body: @escaping @Sendable ([CheckView], CheckView) -> Void
    ) async throws {
        try await TestServer.serve { server in
            let surprises = RepositorySurprises(
                repository: try await server.repository(on: "gitlab"), forge: try #require(server.forges["gitlab"]),
                preview: { _ in
                    guard let planning else { throw APIRefusal(.notFound, "ml/churn has no branch or tag main") }
                    return planning
                })
            body(try await surprises.checks(survey), surprises.forgeCheck(survey))
        }
    }

    private static var plan: Plan {
        Plan(stages: ["test"], jobs: [PlannedJob(name: "test", stage: "test", script: ["true"])])
    }

    @Test("nothing, where a push runs and the forge does nothing by itself")
    func nothing() async throws {
        try await Self.checks(of: .planned(Self.plan)) { checks, _ in
            #expect(checks == [CheckView("pipeline", .good, "1 job on a push to main")])
        }
    }

    @Test("a pipeline file that is refused, with the places of its mistakes")
    func refused() async throws {
        let place = Diagnostic.Place(file: ".gitlab-ci.yml", line: 4, column: 3)
        let mistake = Diagnostic(.error, "services is not carried out", at: place)
        try await Self.checks(of: .notPlanned(reason: "services", diagnostics: [mistake])) { checks, _ in
            let text = "a push to main would fail now; 1 error: .gitlab-ci.yml:4:3 services is not carried out"
            #expect(checks.map(\.text) == [text])
            #expect(checks.first?.verdict == .attention && checks.first?.helps.first?.command == "pawl lint")
        }
    }

    @Test("a branch that is not there yet")
    func missing() async throws {
        try await Self.checks(of: nil) { checks, _ in #expect(checks.map(\.verdict) == [.attention]) }
    }

    @Test("a forge that runs the same file, and merges that do not wait for green")
    func forge() async throws {
        var survey = ForgeSurvey()
        survey.version = "19.1.0"
        survey.account = "pawl-bot"
        survey.role = .maintain
        survey.runsPipelines = true
        survey.requiresGreen = false
        try await Self.checks(of: .planned(Self.plan), survey) { checks, forge in
            #expect(checks.map(\.about) == ["pipeline", "twice", "merge"])
            #expect(forge.text == "GitLab 19.1.0, ml/churn is number 7, as @pawl-bot, maintainer")
        }
    }
}
