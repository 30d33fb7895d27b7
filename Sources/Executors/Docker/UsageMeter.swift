import NIOConcurrencyHelpers
import PipelineModel

/// Measures what a container uses while it runs: the kernel forgets it the moment the container ends.
///
/// Where this machine is the engine's, the kernel's own counters are read, which costs next to nothing and is done often;
/// else the engine is asked now and then. What a container uses after the last look is not counted.
final class UsageMeter: Sendable {
    private let engine: DockerEngine
    private let container: String
    private let latest = NIOLockedValueBox<ContainerUsage?>(nil)
    private let source = NIOLockedValueBox<Source?>(nil)

    private enum Source {
        case kernel(ControlGroup)
        case engine
    }

    /// The longest time between two looks at the kernel's counters, and between two questions to the engine.
    private static let lookEvery = Duration.milliseconds(200)
    private static let askEvery = Duration.seconds(5)

    init(engine: DockerEngine, container: String) {
        self.engine = engine
        self.container = container
    }

    /// What was used until the last look; nil where there was none.
    var usage: ContainerUsage? { latest.withLockedValue { $0 } }

    /// Finds the counters of the container, which runs, and looks a first time.
    func begin() async {
        guard let details = try? await engine.container(container), details.state.running else { return }
        let counters = details.state.pid.flatMap { ControlGroup(ofProcess: $0, container: details.id) }
        source.withLockedValue { $0 = counters.map(Source.kernel) ?? .engine }
        _ = await look()
    }

    /// Looks again and again, until the task is cancelled or the container has ended.
    func run() async {
        var pause = Duration.milliseconds(20)
        while !Task.isCancelled, let isKernel = await look() {
            guard (try? await ContinuousClock().sleep(for: pause)) != nil else { return }
            pause = min(pause * 2, isKernel ? Self.lookEvery : Self.askEvery)
        }
    }

    /// Takes a reading.
    /// - Returns: whether it came from the kernel; nil where there is none to be had, now and later.
    private func look() async -> Bool? {
        switch source.withLockedValue({ $0 }) {
        case .kernel(let counters):
            guard let usage = counters.usage() else { return nil }
            note(usage)
            return true
        case .engine:
            guard let usage = try? await engine.usage(of: container), usage.cpu > .zero else { return nil }
            note(usage)
            return false
        case nil: return nil
        }
    }

    /// Keeps a reading. Neither number ever goes down: an engine reports nothing of a container that is ending.
    private func note(_ usage: ContainerUsage) {
        latest.withLockedValue { known in
            known = ContainerUsage(
                cpu: max(known?.cpu ?? .zero, usage.cpu),
                peakMemory: [known?.peakMemory, usage.peakMemory].compactMap { $0 }.max())
        }
    }
}

extension DockerEngine {
    /// What a running container has used, as the engine counts it. Of memory, what is used now where the kernel has no
    /// peak for the engine.
    func usage(of container: String) async throws -> ContainerUsage {
        // The one answer of the engine whose keys are not in upper camel case.
        struct Answer: Decodable {
            struct Processors: Decodable {
                struct Usage: Decodable {
                    var total: Int64?
                    enum CodingKeys: String, CodingKey { case total = "total_usage" }
                }
                var usage: Usage?
                enum CodingKeys: String, CodingKey { case usage = "cpu_usage" }
            }
            struct Memory: Decodable {
                var usage: Int64?
                var peak: Int64?
                enum CodingKeys: String, CodingKey {
                    case usage
                    case peak = "max_usage"
                }
            }
            var processors: Processors?
            var memory: Memory?
            enum CodingKeys: String, CodingKey {
                case processors = "cpu_stats"
                case memory = "memory_stats"
            }
        }
        let response = try await send(
            "GET", "/containers/\(container)/stats", query: [("stream", "false"), ("one-shot", "true")])
        let answer: Answer = try decode(try await success(response))
        return ContainerUsage(
            cpu: .nanoseconds(answer.processors?.usage?.total ?? 0),
            peakMemory: (answer.memory?.peak ?? answer.memory?.usage).map(ByteCount.init(bytes:)))
    }
}
