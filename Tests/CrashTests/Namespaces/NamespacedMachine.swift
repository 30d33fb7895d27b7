import Foundation
import Subprocess
import Testing

/// A machine of its own as far as the network goes: a network namespace with addresses, a packet filter and a Docker
/// Engine of its own, and one wire to this machine. Needs root.
final class NamespacedMachine: Sendable {
    private let number: Int
    private let directory: String
    /// The engine that runs there. Its socket is a file, and reached from here as well.
    let engine: TestEngine

    private var name: String { "pawl-test-\(number)" }
    private var wire: String { "pawlw\(number)" }
    /// This machine's address at the other end of the wire.
    private var hostAddress: String { "10.214.\(number).1" }
    /// Where a server on this machine is reached from there. It has to listen on every address.
    func address(of server: ServedPawl) -> String { "http://\(hostAddress):\(server.port)" }
    /// The program that runs another there, and its words before those of the other.
    let command = "/usr/bin/nsenter"
    var words: [String] { ["--net=/run/netns/\(name)"] }

    private init(_ number: Int) {
        self.number = number
        directory = "/tmp/pawl-dockerd-machine-\(number)"
        engine = TestEngine(socket: directory + "/docker.sock", networks: "10.215.\(number).0/24")
    }

    /// Lends so many machines, and removes them whatever happens.
    static func lend(_ count: Int, to body: ([NamespacedMachine]) async throws -> Void) async throws {
        let machines = (1...count).map { NamespacedMachine($0) }
        // What a run left that was broken off.
        for machine in machines { try? await machine.remove() }
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for machine in machines { tasks.addTask { try await machine.make() } }
                try await tasks.waitForAll()
            }
            try await body(machines)
        } catch {
            for machine in machines { try? await machine.remove() }
            throw error
        }
        for machine in machines { try await machine.remove() }
    }

    // MARK: The wire

    /// Cuts the wire: what is sent is lost, and nobody is told.
    func cut() async throws { try await ip("link", "set", wire, "down") }

    /// Mends the wire.
    func mend() async throws { try await ip("link", "set", wire, "up") }

    // MARK: Making and removing

    private func make() async throws {
        try await ip("netns", "add", name)
        try await ip("link", "add", wire, "type", "veth", "peer", "name", "eth0", "netns", name)
        try await ip("address", "add", "\(hostAddress)/24", "dev", wire)
        try await ip("link", "set", wire, "up")
        try await ip("-n", name, "address", "add", "10.214.\(number).2/24", "dev", "eth0")
        for device in ["lo", "eth0"] { try await ip("-n", name, "link", "set", device, "up") }
        try await script("dockerd", "start")
        try await script("images", "tiny")
    }

    private func remove() async throws {
        try await script("dockerd", "stop")
        try await ip("netns", "delete", name)
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func ip(_ words: String...) async throws { try await run(["ip"] + words) }

    private func script(_ name: String, _ arguments: String...) async throws {
        let scripts = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../scripts/").standardized.path
        try await run([command] + words + ["/bin/bash", scripts + "/" + name] + arguments)
    }

    private func run(_ words: [String]) async throws {
        let result = try await Subprocess.run(
            .path("/usr/bin/env"), arguments: Arguments(words),
            environment: .inherit.updating([
                "PAWL_DOCKER_DIR": directory, "PAWL_DOCKER_BRIDGE_ADDRESS": "10.213.0.1/24",
                "PAWL_DOCKER_PRIVATE": "1", "PAWL_DOCKER_SOCKET": engine.socket,
            ]), output: .discarded, error: .string(limit: 10_000))
        guard result.terminationStatus.isSuccess else {
            throw Failure(description: "\(words.joined(separator: " ")): \(result.standardError)")
        }
    }

    /// A command failed.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }
}
