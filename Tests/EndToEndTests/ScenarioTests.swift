import Forges
import TestSupport
import Testing

@Suite("a push, told by its forge", .needsDocker, .timeLimit(.minutes(10)))
struct ScenarioTests {
    @Test("what is expected of a scenario's files comes", arguments: try Scenario.all(), [ForgeKind.github, .gitlab])
    func scenario(_ scenario: Scenario, on kind: ForgeKind) async throws {
        let site = try await Site.shared(kind)
        let project = try await Project("scenarios/\(scenario.name)", on: site)
        let commit = try await project.push(scenario.files)
        let states = try await project.ended(commit)

        let expected = scenario.expected
        let wanted = Dictionary(
            uniqueKeysWithValues: expected.statuses.map { ("pawl/" + $0.key, $0.value.shown(on: kind)) })
        #expect(states == wanted)
        for (context, part) in expected.texts ?? [:] {
            #expect(project.text("pawl/" + context, on: commit).contains(part))
        }
        for (job, parts) in expected.logs ?? [:] {
            let log = try await project.log(job, of: commit)
            for part in parts { #expect(log.contains(part), "\(job): \(part)") }
        }
        project.expectOrderlyStatuses(of: commit)
    }
}

extension Project {
    /// What holds for the statuses of every commit: all are pending before any is a success, texts fit, links lead to
    /// the server, and no request broke the forge's API.
    func expectOrderlyStatuses(of commit: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let kind = site.forge.kind
        let statuses = statuses(of: commit)
        let states = statuses.map { ToldState($0.state, on: kind) }
        let pending = statuses.indices.filter { states[$0] == .pending }
        if let first = states.firstIndex(where: { $0 == .success }), statuses.count > 1 {
            let announced = Set(pending.filter { $0 < first }.map { statuses[$0].context })
            #expect(
                Set(statuses.map(\.context)).subtracting(announced).isEmpty,
                "pending before any success", sourceLocation: sourceLocation)
        }
        for status in statuses {
            #expect(status.description.utf16.count <= 140, "\(status)", sourceLocation: sourceLocation)
            #expect(!status.description.isEmpty, "\(status)", sourceLocation: sourceLocation)
            #expect(
                status.targetURL?.hasPrefix(site.address + "/pipelines/") == true, "\(status)",
                sourceLocation: sourceLocation)
        }
        #expect(site.forge.record.violations.isEmpty, sourceLocation: sourceLocation)
    }
}
