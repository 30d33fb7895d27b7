import Executors
import Foundation
import GitRepositories
import Logging
import PipelineModel
import ServiceLifecycle
import Subprocess

@testable import Runner

/// A runner with a repository, in a folder that goes away with it.
final class RunnerFixture: Sendable {
    let folder: String
    let coordinator: TestCoordinator
    let executor: any Executor
    let repository: RepositoryReference
    let commit: String
    let settings: RunnerSettings
    let clock: RunnerClock
    let inventory: @Sendable (MachineInventory.Freshness) async -> RunnerInventory

    init(
        executor: any Executor, coordinator: TestCoordinator = TestCoordinator(), clock: RunnerClock = .system,
        change: (inout RunnerSettings) -> Void = { _ in },
        inventory: @escaping @Sendable (MachineInventory.Freshness) async -> RunnerInventory = { _ in .init() }
    ) async throws {
        folder = NSTemporaryDirectory() + "pawl-runner-\(UUID().uuidString)"
        self.executor = executor
        self.coordinator = coordinator
        self.clock = clock
        self.inventory = inventory
        try FileManager.default.createDirectory(atPath: folder + "/memory", withIntermediateDirectories: true)
        var settings = RunnerSettings(name: "test", stateFolder: folder + "/state")
        settings.memoryFolder = folder + "/memory"
        settings.slots = 1
        // Longer than any test's clock goes, so that nobody waits for it by mistake.
        settings.sweepEvery = .hours(24)
        settings.lowWater = .mebibytes(1)
        settings.defaultImage = "none:1"
        change(&settings)
        self.settings = settings
        let source = folder + "/source"
        let commands = [
            ["init", "-q", "-b", "main", source], ["-C", source, "commit", "-q", "--allow-empty", "-m", "First"],
        ]
        for command in commands { _ = try await Self.git(command) }
        try Data("hello\n".utf8).write(to: URL(filePath: source + "/greeting.txt"))
        _ = try await Self.git(["-C", source, "add", "."])
        _ = try await Self.git(["-C", source, "commit", "-q", "-m", "Greet"])
        commit = try await Self.git(["-C", source, "rev-parse", "HEAD"]).trimmingSpaces
        repository = RepositoryReference(
            forge: "local", remoteID: 7, name: "ml/churn", cloneURL: source, defaultBranch: "main")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    static func git(_ arguments: [String]) async throws -> String {
        let identity = ["-c", "user.name=T", "-c", "user.email=t@example.com"]
        let result = try await Subprocess.run(
            .name("git"), arguments: Arguments(identity + arguments), output: .string(limit: 1 << 20))
        return result.standardOutput
    }

    func assignment(
        _ attempt: AttemptID = 1, script: [String] = ["true"], limits: JobLimits = JobLimits(),
        variables: [Variable] = [], secrets: [GrantedSecret] = [], artifacts: [ArtifactInput] = [],
        change: (inout PlannedJob) -> Void = { _ in }
    ) -> Assignment {
        var job = PlannedJob(name: "test", stage: "test", script: script)
        change(&job)
        return Assignment(
            key: LeaseKey(job: JobID(rawValue: attempt.rawValue), attempt: attempt, epoch: 1), attemptNumber: 1,
            pipeline: 1, job: job, repository: repository, ref: "refs/heads/main", commit: commit,
            variables: variables, secrets: secrets, artifacts: artifacts, limits: limits)
    }

    /// Runs the service while `body` goes on, and then stops it gracefully.
    func whileRunning(_ body: @Sendable () async throws -> Void) async throws {
        try await whileRunning { (_: RunnerService) in try await body() }
    }

    /// Runs the service while `body` goes on with it, and then stops it gracefully.
    func whileRunning(_ body: @Sendable (RunnerService) async throws -> Void) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let service = try RunnerService(
            settings: settings, coordinator: coordinator, executor: executor,
            mirrors: try Mirrors(root: folder + "/mirrors"), inventory: inventory, logger: logger, clock: clock)
        let group = ServiceGroup(services: [service], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body(service)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// Runs one job to its end.
    func carryOut(_ assignment: Assignment) async throws -> AttemptResult? {
        try await whileRunning {
            coordinator.offer(assignment)
            try await coordinator.signal(for: assignment.key.attempt).wait()
        }
        return coordinator.result(of: assignment.key.attempt)
    }

    /// What is left of attempts: workspaces, scripts, spooled results, containers.
    func leftovers() async throws -> [String] {
        let files = FileManager.default
        var found = try await executor.leftovers().map(\.id)
        for folder in [folder + "/state/work", folder + "/state/results"] {
            found += try files.contentsOfDirectory(atPath: folder)
        }
        for instance in try files.contentsOfDirectory(atPath: folder + "/memory") {
            found += try files.contentsOfDirectory(atPath: "\(folder)/memory/\(instance)")
        }
        return found
    }
}
