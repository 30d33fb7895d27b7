import Executors
import Foundation
import NIOConcurrencyHelpers
import Subprocess
import Testing

/// A server without a runner of its own, three runners in its pool, and a bare repository that is pushed to.
struct ChaosBench: Sendable {
    let base: CrashBench
    let runners: [PoolRunner]
    let watch: ContainerWatch
    private let starts = NIOLockedValueBox(0)
    private let pushed = NIOLockedValueBox<[Push]>([])

    /// A commit that was pushed to a branch of its own.
    struct Push: Sendable {
        var commit: String
        /// Whether the server has said that it has it.
        var isAccepted: Bool
        /// How often the server had begun to start before.
        var starts: Int
    }

    /// The lease in seconds: the shortest that settings allow.
    static let lease = 10
    private static let serverNetworks = "10.230.0.0/16"
    private static let runnerNetworks = ["10.231.0.0/16", "10.232.0.0/16", "10.233.0.0/16"]
    /// How many runners there are.
    static var runners: Int { runnerNetworks.count }

    /// Lends a bench whose server and runners run.
    /// - Parameters:
    ///   - engine: the engine that its runners have, where they run on this machine.
    ///   - disk: the size of the server's and each runner's own disk in MiB, where they have one.
    ///   - machines: where the runners run, one each; nil for this machine.
    static func lend(
        engine: TestEngine = .shared, disk: Int? = nil, machines: [NamespacedMachine]? = nil,
        to body: (ChaosBench) async throws -> Void
    ) async throws {
        var role = ServedPawl.Role(slots: 0, networks: serverNetworks, lease: lease, disk: disk)
        if machines != nil { role.listens = "0.0.0.0" }
        try await CrashBench.lend(engine: engine, as: role) { base in
            try await base.server.start()
            try await base.installHook()
            let token = try await base.server.joinToken()
            var runners: [PoolRunner] = []
            for (index, networks) in runnerNetworks.enumerated() {
                runners.append(
                    try await PoolRunner(
                        "pool\(index + 1)", of: base.server, token: token, networks: networks, engine: engine,
                        disk: disk, machine: machines?[index]))
            }
            do {
                for runner in runners { try await runner.start() }
                let watch = try await ContainerWatch(runners)
                try await body(ChaosBench(base: base, runners: runners, watch: watch))
            } catch {
                await end(runners)
                throw error
            }
            await end(runners)
        }
    }

    private init(base: CrashBench, runners: [PoolRunner], watch: ContainerWatch) {
        self.base = base
        self.runners = runners
        self.watch = watch
    }

    private static func end(_ runners: [PoolRunner]) async {
        for runner in runners {
            runner.signal(SIGCONT)
            await runner.kill()
            runner.removeDisk()
        }
        for networks in [serverNetworks] + runnerNetworks {
            if let range = IPv4Range(networks) { try? await NetworkFence(networks: range).takeDown() }
        }
    }

    // MARK: Pushing

    /// All that was pushed.
    var pushes: [Push] { pushed.withLockedValue { $0 } }

    /// Pushes commits with a pipeline of short jobs, each to a branch of its own: a push that the server missed is found
    /// by where its branch stands.
    @discardableResult
    func push(_ count: Int) async throws -> [Push] {
        var made: [Push] = []
        for _ in 0..<count {
            let starts = starts.withLockedValue { $0 }
            let (commit, isAccepted) = try await push(
                CrashBench.pipelineFile, to: "change-\(pushes.count + 1)")
            let push = Push(commit: commit, isAccepted: isAccepted, starts: starts)
            pushed.withLockedValue { $0.append(push) }
            made.append(push)
        }
        return made
    }

    /// Pushes one commit with a pipeline of its own, which the server has to take.
    /// - Returns: the commit.
    func pushAside(_ pipelineFile: String, branch: String) async throws -> String {
        let (commit, isAccepted) = try await push(pipelineFile, to: branch)
        try #require(isAccepted)
        return commit
    }

    private func push(_ pipelineFile: String, to branch: String) async throws -> (commit: String, isAccepted: Bool) {
        let git = base.git
        try Data(pipelineFile.utf8).write(to: URL(filePath: git.checkout + "/.pawl.yml"))
        try await git.gitAside(["add", "-A"], in: git.checkout)
        try await git.gitAside(["commit", "-q", "--allow-empty", "-m", branch], in: git.checkout)
        let commit = try await git.gitAside(["rev-parse", "HEAD"], in: git.checkout)
        let result = try await Subprocess.run(
            .name("git"),
            arguments: ["-C", git.checkout, "push", "-q", "origin", "HEAD:refs/heads/\(branch)"],
            output: .discarded, error: .string(limit: 64 << 10))
        try #require(result.terminationStatus.isSuccess, "git push: \(result.standardError)")
        return (commit, result.standardError.contains("is on its way"))
    }

    // MARK: Waiting

    /// Waits until the forge knows how the pipelines of all commits ended, for so long at most.
    /// - Returns: whether it does.
    func untilEnded(_ pushes: [Push], seconds: Int) async -> Bool {
        let commits = pushes.map(\.commit)
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { [forge = base.forge] in
                let record = try? await forge.record { record in
                    let ended = record.statuses.filter { $0.context == "pawl/push" && $0.state != "pending" }
                    return Set(ended.map(\.commit)).isSuperset(of: commits)
                }
                return record != nil
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(seconds))
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    // MARK: The server's life

    /// Starts the server again, after it has died.
    func startServer() async throws {
        starts.withLockedValue { $0 += 1 }
        try await base.server.start()
    }

    /// Makes the server a new process in place.
    func restartServer() async throws {
        starts.withLockedValue { $0 += 1 }
        try await base.server.restartInPlace()
    }

    /// Starts the server once more where a push came while it could not be told, so that it looks for what it missed now
    /// and not in some minutes.
    func makeUpForMissed(_ pushes: [Push]) async throws {
        let starts = starts.withLockedValue { $0 }
        if pushes.contains(where: { !$0.isAccepted && $0.starts == starts }) { try await restartServer() }
    }
}
