import NIOConcurrencyHelpers
import Testing

@testable import Executors

@Suite("an executor behind a fence")
struct FencedExecutorTests {
    /// A packet filter that remembers which chains are hooked in.
    private final class Filter: PacketFilterCommand {
        struct State {
            var hooked: Set<String> = []
            var isBroken = false
            var questions = 0
        }
        let state = NIOLockedValueBox(State())

        func restore(_ rules: String) throws {
            guard state.withLockedValue({ !$0.isBroken }) else {
                throw PacketFilterFailure(state: .failed("no such table"))
            }
        }

        func succeeds(_ arguments: [String]) -> Bool {
            state.withLockedValue { state in
                state.questions += 1
                let chain = arguments.last ?? ""
                switch arguments[0] {
                case "-C": return state.hooked.contains(chain)
                case "-I": return state.hooked.insert(chain).inserted
                case "-D": return state.hooked.remove(chain) != nil
                default: return true
                }
            }
        }
    }

    private let filter = Filter()
    private let time = NIOLockedValueBox(Duration.zero)

    private func executor(allowsUnfenced: Bool = false) -> FencedExecutor {
        FencedExecutor(
            ScriptedExecutor(), fence: NetworkFence(networks: .jobNetworks, denied: [], command: filter),
            allowsUnfenced: allowsUnfenced, now: { [time] in time.withLockedValue { $0 } })
    }

    private var stands: Bool { filter.state.withLockedValue { $0.hooked.count == 2 } }

    @Test("it puts the fence up before the first job, and again after a firewall was loaded anew")
    func putsUp() async throws {
        let executor = executor()
        _ = try await executor.readiness()
        #expect(stands)
        filter.state.withLockedValue { $0.hooked = [] }
        time.withLockedValue { $0 = .seconds(60) }
        _ = try await executor.readiness()
        #expect(stands)
    }

    @Test("who asks for the fence before the first job has it put up")
    func asked() async {
        #expect(await executor().fenceState() == .up)
        #expect(stands)
    }

    @Test("a fence that was just seen standing is not asked about")
    func remembers() async throws {
        let executor = executor()
        _ = try await executor.readiness()
        let asked = filter.state.withLockedValue { $0.questions }
        _ = try await executor.readiness()
        #expect(filter.state.withLockedValue { $0.questions } == asked)
    }

    @Test("without a fence it is not ready, says why, and is ready as soon as the fence can be put up")
    func refuses() async throws {
        filter.state.withLockedValue { $0.isBroken = true }
        let executor = executor()
        let error = await #expect(throws: ExecutorError.self) { try await executor.readiness() }
        #expect(error?.message.contains("no such table") == true)
        #expect(error?.message.contains("runner.allow-unfenced") == true)
        filter.state.withLockedValue { $0.isBroken = false }
        _ = try await executor.readiness()
        #expect(stands)
    }

    @Test("where an administrator allows it, jobs run without a fence")
    func allowed() async throws {
        filter.state.withLockedValue { $0.isBroken = true }
        _ = try await executor(allowsUnfenced: true).readiness()
        #expect(!stands)
    }

    @Test("the fence goes when nothing of the runner is left behind it, and not before")
    func takesDown() async throws {
        let executor = executor()
        _ = try await executor.readiness()
        let handle = try await executor.create(.shell("true", instance: "fenced"))
        try await executor.takeDownFence()
        #expect(stands)
        try await executor.destroy(handle)
        try await executor.takeDownFence()
        #expect(filter.state.withLockedValue { $0.hooked.isEmpty })
    }
}
