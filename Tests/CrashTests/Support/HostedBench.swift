import Forges
import Foundation
import TestSupport

/// A GitHub or GitLab that is a stub, with a repository that a served Pawl works for: webhooks, API and git over HTTP.
struct HostedBench: Sendable {
    let forge: StubForge
    let git: GitFixture
    let server: ServedPawl

    private static let path = "mira/churn"

    /// Lends a bench to a body. The server runs, and knows the repository.
    static func lend(
        _ kind: ForgeKind = .github, to body: (HostedBench) async throws -> Void
    ) async throws {
        let git = try GitFixture()
        try await StubForge.lend(kind) { forge in
            try await forge.createRepository(path)
            let token = forge.createToken(for: "mira")
            try git.git(["remote", "set-url", "origin", forge.cloneURL(path, token: token)], in: git.checkout)
            let connection = ServedPawl.Forge.hosted(kind, api: forge.url, token: token)
            try await ServedPawl.lend(forge: connection, engine: .shared) { server in
                try await server.start()
                // GitLab sends a test delivery only of a repository with a commit.
                try git.push(["README": "To be classified."])
                try await server.run("repo", "add", forge.cloneURL(path))
                try await body(HostedBench(forge: forge, git: git, server: server))
            }
        }
    }

    /// Pushes a pipeline of one short job.
    /// - Returns: the commit.
    func push(_ message: String = "a change") throws -> String {
        try git.push([".pawl.yml": Self.pipelineFile, "message": message], message: message)
    }

    private static let pipelineFile = "test: {image: pawl-test:tiny, script: [echo tested]}\n"

    /// Waits until the forge knows that a commit's pipeline and its job passed.
    /// - Returns: all statuses of the commit, in the order in which they came.
    @discardableResult
    func untilPassed(_ commit: String) async throws -> [ForgeRecord.Status] {
        let record = try await forge.record { record in
            let newest = record.newest(for: commit)
            return ["pawl/push", "pawl/push/test"].allSatisfy { newest[$0]?.state == "success" }
        }
        return record.statuses.filter { $0.commit == commit }
    }
}
