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
            var rules = ""
        }
        let state = NIOLockedValueBox(State())

        func restore(_ rules: String) throws {
            guard state.withLockedValue({ !$0.isBroken }) else {
                throw PacketFilterFailure(state: .failed("no such table"))
            }
            state.withLockedValue { $0.rules = rules }
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

    private var openPorts: [String] {
        filter.state.withLockedValue { state in
            state.rules.split(separator: "\n").filter { $0.contains("--dport") && !$0.contains("169.254") }.map(
                String.init)
        }
    }

    private func doorway(_ number: Int) throws -> Doorway {
        Doorway(address: "10.213.0.\(16 * number + 1)", network: try #require(IPv4Range("10.213.0.\(16 * number)/28")))
    }

    @Test(
        "a port is open to one container's network, stays open when the fence is renewed, and closes with the container"
    )
    func openings() async throws {
        let executor = executor()
        var handles: [ContainerHandle] = []
        for attempt in 0...1 {
            let handle = try await executor.create(.shell("true", instance: "open", attempt: Int64(attempt)))
            try await executor.open(5_000 + attempt, at: try doorway(attempt), to: handle)
            handles.append(handle)
        }
        let rules = (0...1).map {
            "-A PAWL-IN-10.213.0.0 -s 10.213.0.\(16 * $0)/28 -d 10.213.0.\(16 * $0 + 1)/32 -p tcp --dport \(5_000 + $0) -j RETURN"
        }
        #expect(Set(openPorts) == Set(rules))
        filter.state.withLockedValue { ($0.hooked, $0.rules) = ([], "") }
        time.withLockedValue { $0 = .seconds(60) }
        _ = try await executor.readiness()
        #expect(Set(openPorts) == Set(rules))
        let drop = filter.state.withLockedValue { $0.rules.range(of: "-j DROP")?.lowerBound }
        let last = filter.state.withLockedValue { $0.rules.range(of: "--dport 5001")?.lowerBound }
        #expect(try #require(last) < #require(drop))
        try await executor.remove(handles[0])
        #expect(openPorts == [rules[1]])
        try await executor.destroy(handles[1])
        #expect(openPorts.isEmpty)
    }

    @Test("what an earlier process left open is closed before the first job")
    func leftOpen() async throws {
        filter.state.withLockedValue { state in
            state.hooked = ["PAWL-IN-10.213.0.0", "PAWL-FW-10.213.0.0"]
            state.rules = "-A PAWL-IN-10.213.0.0 -s 10.213.0.0/28 -d 10.213.0.1/32 -p tcp --dport 7 -j RETURN"
        }
        _ = try await executor().readiness()
        #expect(openPorts.isEmpty && stands)
    }

    @Test("nothing is open where the fence cannot be renewed, or the address is none in the container's network")
    func notOpened() async throws {
        let executor = executor()
        let handle = try await executor.create(.shell("true", instance: "open"))
        let elsewhere = Doorway(address: "192.0.2.1", network: try doorway(0).network)
        await #expect(throws: ExecutorError.self) { try await executor.open(5_000, at: elsewhere, to: handle) }
        filter.state.withLockedValue { $0.isBroken = true }
        await #expect(throws: ExecutorError.self) { try await executor.open(5_000, at: try doorway(0), to: handle) }
        filter.state.withLockedValue { $0.isBroken = false }
        _ = try await executor.readiness()
        #expect(openPorts.isEmpty)
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
