import NIOConcurrencyHelpers
import PipelineModel

/// An executor without containers: what each job does is given as a script, and happens at once or on a signal.
///
/// It is for tests and for dry runs. It keeps the life cycle of `Executor` as strictly as a real one: a container that
/// was not created cannot run, a stopped one ends with 137, a destroyed one is gone.
public final class ScriptedExecutor: Executor {
    /// What one container does.
    public struct Script: Sendable {
        /// One step of it.
        public enum Step: Sendable {
            /// Writes these bytes.
            case write(ContainerOutput)
            /// Goes on when the signal was given, or the container is stopped.
            case wait(for: ExecutorSignal)
            /// Tells somebody that it has come this far.
            case give(ExecutorSignal)
            /// Stays until the container is stopped.
            case stayUntilStopped
        }

        /// Why it cannot be created; nil lets it.
        public var createError: ExecutorError?
        /// Why it cannot be started; nil lets it.
        public var startError: ExecutorError?
        /// What it does, in order.
        public var steps: [Step]
        /// How it ends when it is not stopped.
        public var exit: ContainerExit

        /// Writes nothing and passes, unless said otherwise.
        public init(
            _ steps: [Step] = [], exit: ContainerExit = ContainerExit(code: 0), createError: ExecutorError? = nil,
            startError: ExecutorError? = nil
        ) {
            self.steps = steps
            self.exit = exit
            self.createError = createError
            self.startError = startError
        }

        /// Writes a text to standard output and ends with a code.
        public static func writing(_ text: String, exitCode: Int = 0) -> Script {
            Script([.write(ContainerOutput(.standardOutput, Array(text.utf8)))], exit: ContainerExit(code: exitCode))
        }
    }

    private struct Container {
        var handle: ContainerHandle
        var script: Script
        var stopped = ExecutorSignal()
        var hasRun = false
    }

    private struct State {
        var containers: [String: Container] = [:]
        var specifications: [ContainerSpecification] = []
        var lastNumber = 0
    }

    private let state = NIOLockedValueBox(State())
    private let script: @Sendable (ContainerSpecification) -> Script

    /// Runs what the closure gives for each container.
    public init(script: @escaping @Sendable (ContainerSpecification) -> Script = { _ in Script() }) {
        self.script = script
    }

    /// Every specification that was asked for, in order.
    public var specifications: [ContainerSpecification] { state.withLockedValue { $0.specifications } }

    /// Makes a container that will do what its script says.
    public func create(_ specification: ContainerSpecification) async throws -> ContainerHandle {
        let script = script(specification)
        return try state.withLockedValue { state in
            state.specifications.append(specification)
            if let error = script.createError { throw error }
            state.lastNumber += 1
            let handle = ContainerHandle(
                id: "scripted-\(state.lastNumber)",
                networkID: specification.network == .own ? "scripted-network-\(state.lastNumber)" : nil,
                labels: specification.labels, imageID: "sha256:scripted")
            state.containers[handle.id] = Container(handle: handle, script: script)
            return handle
        }
    }

    /// Does what the script says.
    public func run(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit {
        let (script, stopped) = try state.withLockedValue { state in
            guard var known = state.containers[container.id], !known.hasRun else {
                throw ExecutorError(.refused, message: "There is no container \(container.id) that has not run yet.")
            }
            known.hasRun = true
            state.containers[container.id] = known
            return (known.script, known.stopped)
        }
        if let error = script.startError { throw error }
        for step in script.steps {
            if stopped.isGiven { return ContainerExit(code: 137) }
            switch step {
            case .write(let piece): try await output(piece)
            case .give(let signal): signal.give()
            case .wait(let signal): try await ExecutorSignal.waitForAny([signal, stopped])
            case .stayUntilStopped: try await stopped.wait()
            }
        }
        return stopped.isGiven ? ContainerExit(code: 137) : script.exit
    }

    /// Makes the container's run end with 137.
    public func stop(_ container: ContainerHandle, grace: Duration) async throws {
        state.withLockedValue { $0.containers[container.id]?.stopped }?.give()
    }

    /// Forgets the container, and ends its run.
    public func destroy(_ container: ContainerHandle) async throws {
        state.withLockedValue { $0.containers.removeValue(forKey: container.id) }?.stopped.give()
    }

    /// Containers that were created and not destroyed, in that order.
    public func leftovers() async throws -> [ContainerHandle] {
        state.withLockedValue { $0.containers.values.map(\.handle) }
            .sorted { $0.labels.key.attempt < $1.labels.key.attempt }
    }
}
