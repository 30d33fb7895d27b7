import Executors
import GitRepositories
import PipelineModel

extension Failure {
    /// What an error before or while the container ran means for the job. The one place where that is decided.
    init(describing error: any Error) {
        switch error {
        case let error as ExecutorError where error.code == .imageUnavailable: self.init(.image, error.message)
        case let error as ExecutorError where error.code == .refused:
            // The pipeline file asks for what the engine does not do. That is not Pawl's side.
            self.init(.script, error.message)
        case let error as RunnerError where error.code == .refused: self.init(.script, error.message)
        case let error as RunnerError where error.code == .forbidden: self.init(.policy, error.message)
        case let error as GitError: self.init(.system, "the commit could not be laid out: \(error.message)")
        default: self.init(.system, "\(error)")
        }
    }

    /// What a container's end means for the job; nil where it ended well.
    static func ofExit(_ exit: ContainerExit, limits: JobLimits) -> Failure? {
        if exit.isOutOfMemory {
            let limit = limits.memory.map { " of \(ByteText.of($0.bytes))" } ?? ""
            return Failure(.outOfMemory, exitCode: exit.code, "it needed more memory than its limit\(limit)")
        }
        return exit.code == 0 ? nil : Failure(.script, exitCode: exit.code, "exit \(exit.code)")
    }

    /// What a reason to stop means for the job; nil where nothing is said about it.
    static func ofStop(_ reason: StopReason, limits: JobLimits) -> Failure? {
        switch reason {
        case .cancelled(let why): Failure(.cancelled, why)
        case .timeout: Failure(.timeout, "it took longer than the \(limits.timeout.text) it may")
        case .noOutput: Failure(.noOutput, "it wrote nothing for \(limits.noOutputTimeout.text)")
        case .outOfDisk(let why): Failure(.outOfDisk, why)
        case .runnerStops, .leaseLost: nil
        }
    }

    /// The log's last line about it.
    var closingWords: String {
        switch self.class {
        case .cancelled: "Job cancelled: \(message)"
        case .script, .gate, .timeout, .noOutput, .outOfMemory, .outOfDisk, .policy, .noRunner: "Job failed: \(message)"
        case .image, .gpu, .lost, .system: "Not your change, Pawl's side failed: \(message)"
        }
    }
}
