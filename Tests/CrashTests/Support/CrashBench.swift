import Foundation
import PipelineModel
import Server
import TestSupport
import Testing

/// A plain-Git forge with a bare repository whose hook tells a served Pawl of every push.
struct CrashBench: Sendable {
    let forge: StubForge
    let git: GitFixture
    let server: ServedPawl
    let engine: TestEngine

    /// Lends a bench to a body. The server has not been started and knows no repository yet.
    static func lend(
        engine: TestEngine, as role: ServedPawl.Role = .init(), to body: (CrashBench) async throws -> Void
    ) async throws {
        var settings = StubForge.Settings(.git)
        settings.callbackSecret = "the secret of the callback"
        let git = try GitFixture()
        try await StubForge.lend(.git, settings: settings) { forge in
            let callback = ServedPawl.Forge.git(
                callback: forge.url + "/statuses", secret: settings.callbackSecret ?? "")
            try await ServedPawl.lend(forge: callback, engine: engine, as: role) { server in
                try await body(CrashBench(forge: forge, git: git, server: server, engine: engine))
            }
        }
    }

    /// Puts the hook in place; the server has to run.
    func installHook() async throws {
        try await server.run("hook", "install", git.bare, "--forge", ServedPawl.forgeName, "--name", "churn")
    }

    /// Pushes a pipeline of short jobs: two that start at once, and one that needs an artifact of the first.
    /// - Returns: the commit.
    func push() throws -> String { try git.push([".pawl.yml": Self.pipelineFile]) }

    static let pipelineFile = """
        default:
          image: pawl-test:tiny
        prepare:
          script:
            - echo prepared > note
            - cat note
            - sleep 1
          artifacts:
            paths: [note]
        lint:
          script: [echo clean]
        publish:
          needs: [prepare, lint]
          script: [grep prepared note]

        """

    /// The contexts that a push of that pipeline gives.
    static let contexts: Set = ["pawl/push", "pawl/push/prepare", "pawl/push/lint", "pawl/push/publish"]

    /// Waits until the forge knows how a commit's pipeline ended, which has to be well.
    func untilPassed(_ commit: String) async throws {
        let record = try await forge.record { record in
            record.newest(for: commit)["pawl/push"].map { $0.state != "pending" } ?? false
        }
        guard record.newest(for: commit)["pawl/push"]?.state != "success" else { return }
        Issue.record("The pipeline did not pass: \(try await server.run("show", "1", "--json"))")
    }
}
