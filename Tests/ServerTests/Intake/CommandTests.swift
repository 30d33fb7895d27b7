import Forges
import PipelineModel
import Store
import Testing

@testable import Server

@Suite("Commands in comments on a pull request")
struct CommandTests {
    /// Opens a fork's pull request, whose pipeline is held.
    private static func open(_ server: TestServer) async throws -> PipelineDetail {
        let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile])
        var request = IntakeTests.pullRequest(3, head: commit, headRepository: 9)
        request.headCloneURL = server.git.bare
        request.headRepositoryName = "ines/churn"
        server.github.change { [request] in $0.pullRequests[3] = request }
        let delivery = try await server.intake(
            of: .github(SignedRequest.pullRequest(3, head: commit, headRepository: 9), event: "pull_request"))
        return try await server.pipeline(of: delivery)
    }

    private static func say(_ text: String, as role: AccountRole?, to server: TestServer) async throws -> Delivery {
        server.github.change { $0.roles = role.map { [6: $0] } ?? [:] }
        return try await server.intake(of: .github(SignedRequest.comment(text, on: 3), event: "issue_comment"))
    }

    @Test(
        "an approval counts of a maintainer only, whatever the payload says of its writer",
        arguments: [nil, .read, .write, .maintain] as [AccountRole?])
    func roles(role: AccountRole?) async throws {
        try await TestServer.serve { server in
            let held = try await Self.open(server)
            #expect(held.pipeline.state == .held)
            let told = try await Self.say("/pawl approve \(held.pipeline.commit)", as: role, to: server)
            let after = try #require(try await server.store.pipeline(held.pipeline.id))
            #expect(after.pipeline.state == (role == .maintain ? .running : .held))
            // Strangers put nothing into a report.
            #expect(after.answers.count == (role ?? .none >= .write ? 1 : 0))
            #expect(told.state == (role ?? .none >= .write ? .planned : .ignored), "\(told.reason ?? "")")
        }
    }

    @Test("a forge that cannot tell who may is asked again later, and nothing is done until then")
    func outage() async throws {
        try await TestServer.serve { server in
            let held = try await Self.open(server)
            server.github.change { $0.failures = [ForgeError(.unavailable, message: "503")] }
            let waiting = try await Self.say("/pawl approve \(held.pipeline.commit)", as: .maintain, to: server)
            #expect(waiting.state == .stored)
            #expect(try await server.store.pipeline(held.pipeline.id)?.pipeline.state == .held)
        }
    }
}
