import Executors
import Foundation
import NIOConcurrencyHelpers
import PipelineModel
import Subprocess
import Testing

/// Listens on every address of the host, and counts who gets through.
private final class Listener: Sendable {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        port = try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try #require(bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0)
                try #require(getsockname(descriptor, $0, &length) == 0)
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
        Thread {
            while true {
                let accepted = accept(descriptor, nil, nil)
                if accepted < 0 { return }
                close(accepted)
            }
        }.start()
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}

/// The tests share the machine's rules, so they come one after the other.
@Suite("network fence", .needsDocker, .needsRoot, .serialized, .timeLimit(.minutes(2)))
struct NetworkFenceTests {
    static let range = IPv4Range("10.216.0.0/24") ?? .jobNetworks
    let executor = Docker.executor(networks: range)
    let fence = NetworkFence(networks: range)

    /// Connects from a job, with a second's patience, to the gateway's or another address.
    private func reach(_ targets: [String]) async throws -> [String] {
        let script = targets.map { "nc -w 1 \($0) </dev/null >/dev/null 2>&1; echo $?" }.joined(separator: "\n")
        let (_, output) = try await executor.runShell(
            "gateway=$(ip route | awk '/default/ {print $3}')\n" + script, network: .own)
        return await output.text().split(separator: "\n").map(String.init)
    }

    @Test("jobs reach the host's ports without the fence and not with it; it can be put up twice")
    func host() async throws {
        let listener = try Listener()
        let gateway = "$gateway \(listener.port)"
        try await fence.takeDown()
        #expect(await fence.state() == .down)
        #expect(try await reach([gateway]) == ["0"])
        for _ in 1...2 { #expect(await fence.putUp() == .up) }
        #expect(await fence.state() == .up)
        #expect(try await reach([gateway]) == ["1"])
        try await fence.takeDown()
        try await fence.takeDown()
        #expect(await fence.state() == .down)
        withExtendedLifetime(listener) {}
    }

    @Test("a port that is open to a job is reached by that job alone, and it reaches no other; it closes with the job")
    func opening() async throws {
        let (open, other) = (try Listener(), try Listener())
        let fenced = FencedExecutor(executor, fence: fence, allowsUnfenced: false, now: { .zero })
        _ = try await fenced.readiness()
        let job = ContainerSpecification.shell(
            "gateway=$(ip route | awk '/default/ {print $3}'); for port in \(open.port) \(other.port); do "
                + "nc -w 1 $gateway $port </dev/null >/dev/null 2>&1; echo $?; done", instance: "open", network: .own)
        let handle = try await fenced.create(job)
        do {
            let doorway = try #require(try await fenced.doorway(of: handle))
            #expect(doorway.network.contains(doorway.address) && Self.range.contains(doorway.address))
            try await fenced.open(Int(open.port), at: doorway, to: handle)
            let output = Output()
            _ = try await fenced.run(handle) { await output.append($0) }
            #expect(await output.text() == "0\n1\n")
            // Another job, while the port is still open: neither there nor at its own gateway.
            #expect(try await reach(["\(doorway.address) \(open.port)", "$gateway \(open.port)"]) == ["1", "1"])
            #expect(try await Self.inputRules().contains("--dport \(open.port)"))
        } catch {
            try await fenced.destroy(handle)
            throw error
        }
        try await fenced.destroy(handle)
        #expect(try await !Self.inputRules().contains("--dport"))
        try await fence.takeDown()
        withExtendedLifetime((open, other)) {}
    }

    private static func inputRules() async throws -> String {
        let result = try await Subprocess.run(
            .name("iptables"), arguments: ["--wait", "10", "-S", "PAWL-IN-10.216.0.0"], output: .string(limit: 100_000),
            error: .discarded)
        return result.standardOutput
    }

    @Test("a job reaches no other job, and has no IPv6 address to reach anybody from")
    func neighbours() async throws {
        #expect(await fence.putUp() == .up)
        let serving = try await executor.create(
            .shell(
                "ip -4 -o address show eth0 | sed 's/.*inet \\([0-9.]*\\).*/\\1/'; nc -ll -p 80 -e /bin/true",
                instance: "neighbour", network: .own))
        let (lines, heard) = AsyncStream.makeStream(of: String.self)
        let running = Task {
            try await executor.run(serving) { heard.yield(String(decoding: $0.bytes, as: UTF8.self)) }
        }
        do {
            let address = try #require(await lines.first { _ in true }).trimmingCharacters(in: .newlines)
            try #require(address.hasPrefix("10.216.0."))
            // The host reaches it, so that one that does not serve is not taken for one that cannot be reached.
            let knock = "for i in $(seq 50); do (: </dev/tcp/\(address)/80) && exit 0; sleep 0.1; done; exit 1"
            let host = try await Subprocess.run(
                .path("/bin/bash"), arguments: ["-c", knock], output: .discarded, error: .discarded)
            try #require(host.terminationStatus.isSuccess)
            #expect(try await reach(["\(address) 80"]) == ["1"])
            let (_, output) = try await executor.runShell("grep -v ' lo$' /proc/net/if_inet6; true", network: .own)
            #expect(await output.text() == "")
        } catch {
            try await executor.destroy(serving)
            throw error
        }
        try await executor.destroy(serving)
        _ = try? await running.value
        try await fence.takeDown()
    }

    @Test("jobs reach neither link-local addresses nor ranges that the administrator denies, but the outside")
    func forwarded() async throws {
        // Addresses behind a bridge of the test's own stand for the cloud's metadata service and the rest of the world.
        try await World.with {
            try await fence.takeDown()
            let targets = ["169.254.169.254 80", "198.51.100.1 80", "203.0.113.1 80"]
            #expect(try await reach(targets) == ["0", "0", "0"])
            let strict = NetworkFence(networks: Self.range, denied: [try #require(IPv4Range("198.51.100.0/24"))])
            #expect(await strict.putUp() == .up)
            #expect(try await reach(targets) == ["1", "1", "0"])
            try await fence.takeDown()
        }
    }
}

/// A network namespace beside the host with three addresses that accept connections on port 80.
private enum World {
    private static let name = "pawl-world"
    private static let remove = "ip netns delete \(name); ip link delete pawlw0"
    /// Lends the namespace, and removes it whatever happens.
    static func with(_ body: () async throws -> Void) async throws {
        _ = try await shell(remove)
        let set = """
            ip netns add \(name) && ip link add pawlw0 type veth peer name pawlw1 &&
            ip link set pawlw1 netns \(name) && ip address add 203.0.113.254/24 dev pawlw0 && ip link set pawlw0 up &&
            ip -n \(name) address add 203.0.113.1/24 dev pawlw1 && ip -n \(name) link set pawlw1 up &&
            ip -n \(name) link set lo up && ip -n \(name) address add 169.254.169.254/32 dev lo &&
            ip -n \(name) address add 198.51.100.1/32 dev lo && ip -n \(name) route add default via 203.0.113.254 &&
            ip route add 169.254.169.254/32 via 203.0.113.1 && ip route add 198.51.100.1/32 via 203.0.113.1
            """
        let begin = "ip netns exec \(name) busybox nc -ll -p 80 -e /bin/true >/dev/null 2>&1 & echo $!"
        let ready = "ip netns exec \(name) timeout 10 sh -c 'until busybox nc -w 1 127.0.0.1 80 </dev/null; do :; done'"
        try #require(try await shell(set) != nil)
        let server = try #require(try await shell(begin).flatMap { pid_t($0) })
        do {
            try #require(try await shell(ready) != nil)
            try await body()
        } catch {
            kill(server, SIGKILL)
            _ = try await shell(remove)
            throw error
        }
        kill(server, SIGKILL)
        _ = try await shell(remove)
    }

    /// What a script writes, without its line end; nil when it fails.
    private static func shell(_ script: String) async throws -> String? {
        let result = try await Subprocess.run(
            .path("/bin/sh"), arguments: ["-c", script], output: .string(limit: 1_000), error: .discarded)
        return result.terminationStatus.isSuccess
            ? result.standardOutput.trimmingCharacters(in: .newlines) : nil
    }
}
