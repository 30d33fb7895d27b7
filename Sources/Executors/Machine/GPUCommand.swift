import PipelineModel
import Subprocess
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What asks a machine's driver about its GPUs.
protocol GPUCommand: Sendable {
    /// Whether there is anything to ask.
    var isInstalled: Bool { get }
    /// Asks, and returns what it wrote, however it ended: a driver that has lost a device says so and fails.
    /// - Throws: `ExecutorError` where it does not answer.
    func answer(_ arguments: [String]) async throws -> (text: String, isWhole: Bool)
}

/// `nvidia-smi`, run without a shell.
struct NvidiaSMICommand: GPUCommand {
    /// A driver in trouble lets it hang.
    private static let patience = Duration.seconds(20)
    private static let answerLimit = 1 << 20

    /// Found in fixed folders: PATH may be anybody's.
    private var path: String? {
        ["/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/lib/wsl/lib", "/bin"].lazy.map { $0 + "/nvidia-smi" }
            .first { access($0, X_OK) == 0 }
    }

    var isInstalled: Bool { path != nil }

    func answer(_ arguments: [String]) async throws -> (text: String, isWhole: Bool) {
        guard let path else {
            throw ExecutorError(.engineFailed, message: "nvidia-smi is not installed any more.")
        }
        let answer = try await withThrowingTaskGroup(of: (text: String, isWhole: Bool)?.self) { group in
            group.addTask {
                let result = try await Subprocess.run(
                    .path(FilePath(path)), arguments: Arguments(arguments), environment: .custom(["LC_ALL": "C"]),
                    output: .string(limit: Self.answerLimit), error: .string(limit: 64 << 10))
                let isWhole = if case .exited(0) = result.terminationStatus { true } else { false }
                return (result.standardOutput + "\n" + result.standardError, isWhole)
            }
            group.addTask {
                try await ContinuousClock().sleep(for: Self.patience)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let answer else {
            throw ExecutorError(
                .engineFailed, message: "nvidia-smi does not answer within \(Self.patience.text).")
        }
        return answer
    }
}
