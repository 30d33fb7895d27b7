import Executors
import Foundation
import PipelineModel
import Testing

@testable import pawl

@Suite("Files that containers leave to an account that is not root")
struct AccountExecutorTests {
    /// Runs one container over a workspace with a file in it, and says which specifications the engine saw.
    private func run(as account: uid_t, exitCode: Int = 0) async throws -> [ContainerSpecification] {
        let folder = NSTemporaryDirectory() + "pawl-exec-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data("weights".utf8).write(to: URL(fileURLWithPath: folder + "/w.bin"))
        let base = ScriptedExecutor { _ in .writing("done\n", exitCode: exitCode) }
        let executor = AccountExecutor(base, account: account)
        let container = try await executor.create(
            ContainerSpecification(
                labels: ContainerLabels(
                    instance: "0123456789ab", key: LeaseKey(job: 1, attempt: 2, epoch: 3)), image: "tiny",
                command: ["sh", "/pawl/run"], workingDirectory: "/builds/churn", limits: JobLimits(),
                mounts: [
                    .init(source: folder, target: "/builds/churn", isReadOnly: false),
                    .init(source: "/srv/script", target: "/pawl", isReadOnly: true),
                ]))
        let exit = try await executor.run(container) { _ in }
        #expect(exit.code == exitCode)
        try await executor.destroy(container)
        #expect(try await base.leftovers().isEmpty)
        return base.specifications
    }

    @Test(
        "another account's files are handed over after the job, failed or not, and nothing is left", arguments: [0, 1])
    func handedOver(exitCode: Int) async throws {
        let specifications = try await run(as: geteuid() + 1, exitCode: exitCode)
        #expect(specifications.count == 2)
        let handing = try #require(specifications.last)
        #expect(handing.image == "tiny")
        #expect(handing.command.suffix(2) == ["/pawl", "/builds/churn"])
        #expect(handing.network == .none)
        #expect(handing.labels.key != specifications[0].labels.key)
    }

    @Test("where the files are the account's own no other container is made")
    func ownFiles() async throws {
        #expect(try await run(as: geteuid()).count == 1)
    }
}
