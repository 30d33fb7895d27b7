import Subprocess
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Packet-filter rules that keep job networks away from the host, its link-local neighbours and each other.
///
/// Docker's own rules let a container reach every port of its host and, in a cloud, the metadata service with the
/// machine's credentials. The fence drops what comes from the configured range and goes to the host itself, to
/// 169.254.0.0/16 (but for DNS, which some clouds answer there), to other job networks, or to ranges that the
/// administrator adds; answers to connections that the host opened pass, and so does what a job sends to a port that is
/// open to that job's network alone. It needs root and `iptables`; where it cannot
/// be put up, `FenceState` says why, for `doctor`.
public struct NetworkFence: Sendable {
    /// The range that job networks are cut from.
    public var networks: IPv4Range
    /// Further ranges that jobs must not reach, such as an office network.
    public var denied: [IPv4Range]

    private let command: any PacketFilterCommand

    /// Fences off a range, by default through the machine's `iptables`.
    public init(networks: IPv4Range = .jobNetworks, denied: [IPv4Range] = []) {
        self.init(networks: networks, denied: denied, command: Iptables())
    }

    init(networks: IPv4Range, denied: [IPv4Range], command: any PacketFilterCommand) {
        self.networks = networks
        self.denied = denied
        self.command = command
    }

    // Named after the range, so that two instances on one machine keep theirs apart. At most 28 characters.
    private var inputChain: String { "PAWL-IN-\(networks.address)" }
    private var forwardChain: String { "PAWL-FW-\(networks.address)" }

    /// Puts the fence up, or renews it. The chains are replaced in one step, so there is no moment without them.
    /// - Parameter openings: what job networks may reach of this machine; nothing else of it.
    public func putUp(openings: [FenceOpening] = []) async -> FenceState {
        do {
            try await command.restore(rules(openings: openings))
            try await hook(inputChain, into: "INPUT")
            try await hook(forwardChain, into: try await forwardHook())
            return .up
        } catch let failure as PacketFilterFailure {
            return failure.state
        } catch {
            return .failed("\(error)")
        }
    }

    /// Whether the fence stands.
    public func state() async -> FenceState {
        do {
            for rule in [["INPUT", "-j", inputChain], [try await forwardHook(), "-j", forwardChain]] {
                guard try await command.succeeds(["-C"] + rule) else { return .down }
            }
            return .up
        } catch let failure as PacketFilterFailure {
            return failure.state
        } catch {
            return .failed("\(error)")
        }
    }

    /// Takes the fence down. What is not there is no error.
    public func takeDown() async throws {
        for (hook, chain) in [("INPUT", inputChain), ("DOCKER-USER", forwardChain), ("FORWARD", forwardChain)] {
            while try await command.succeeds(["-D", hook, "-j", chain]) {}
        }
        for chain in [inputChain, forwardChain] {
            _ = try await command.succeeds(["-F", chain])
            _ = try await command.succeeds(["-X", chain])
        }
    }

    /// Both chains in the form of `iptables-restore`. Naming a chain empties it.
    func rules(openings: [FenceOpening] = []) -> String {
        var lines = ["*filter", ":\(inputChain) - [0:0]", ":\(forwardChain) - [0:0]"]
        let from = "-s \(networks)"
        lines.append("-A \(inputChain) \(from) -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN")
        for opening in openings {
            lines.append(
                "-A \(inputChain) -s \(opening.network) -d \(opening.address)/32 -p tcp --dport \(opening.port) -j RETURN"
            )
        }
        lines.append("-A \(inputChain) \(from) -j DROP")
        for transport in ["udp", "tcp"] {
            lines.append("-A \(forwardChain) \(from) -d 169.254.0.0/16 -p \(transport) --dport 53 -j RETURN")
        }
        for target in ["169.254.0.0/16", networks.description] + denied.map(\.description) {
            lines.append("-A \(forwardChain) \(from) -d \(target) -j DROP")
        }
        return (lines + ["COMMIT"]).joined(separator: "\n") + "\n"
    }

    /// Docker keeps the administrator's chain before all of its own; without Docker the common one has to do.
    private func forwardHook() async throws -> String {
        try await command.succeeds(["-S", "DOCKER-USER"]) ? "DOCKER-USER" : "FORWARD"
    }

    private func hook(_ chain: String, into parent: String) async throws {
        if try await command.succeeds(["-C", parent, "-j", chain]) { return }
        guard try await command.succeeds(["-I", parent, "1", "-j", chain]) else {
            throw PacketFilterFailure(state: .failed("iptables would not put the chain \(chain) into \(parent)."))
        }
    }
}

/// A port of this machine that one job network may reach.
public struct FenceOpening: Hashable, Sendable {
    /// The job's network.
    var network: IPv4Range
    /// The machine's address in that network.
    var address: String
    /// The port.
    var port: UInt16

    /// Opens a port at a doorway; nil where that is no address in the doorway's network.
    public init?(_ port: Int, at doorway: Doorway) {
        guard let port = UInt16(exactly: port), port > 0, doorway.network.contains(doorway.address) else { return nil }
        network = doorway.network
        address = doorway.address
        self.port = port
    }
}

/// Whether the fence around job networks stands.
public enum FenceState: Hashable, Sendable, CustomStringConvertible {
    /// It stands.
    case up
    /// It does not stand, and nothing says why: nobody has put it up.
    case down
    /// This process may not put it up, or the machine has no `iptables`. Jobs can reach the host's ports.
    case unavailable(String)
    /// `iptables` refused.
    case failed(String)

    /// The state in words.
    public var description: String {
        switch self {
        case .up: "it stands"
        case .down: "nobody has put it up"
        case .unavailable(let reason): reason
        case .failed(let reason): "iptables refused: \(reason)"
        }
    }
}

/// Why a rule could not be asked for at all.
struct PacketFilterFailure: Error { var state: FenceState }

/// The machine's packet filter, as commands.
protocol PacketFilterCommand: Sendable {
    /// Replaces the chains that the rules name, all at once.
    func restore(_ rules: String) async throws
    /// Runs one command, and says whether it ended well.
    func succeeds(_ arguments: [String]) async throws -> Bool
}

/// `iptables`, run without a shell.
struct Iptables: PacketFilterCommand {
    /// How long to wait for another process that holds the filter's lock, in seconds.
    private static let lockPatience = "10"

    func restore(_ rules: String) async throws {
        let result = try await run("iptables-restore", ["--noflush", "--wait", Self.lockPatience], input: rules)
        guard result.status == 0 else { throw PacketFilterFailure(state: .failed(result.errorText)) }
    }

    func succeeds(_ arguments: [String]) async throws -> Bool {
        try await run("iptables", ["--wait", Self.lockPatience] + arguments, input: "").status == 0
    }

    private func run(
        _ name: String, _ arguments: [String], input: String
    ) async throws -> (status: Int32, errorText: String) {
        guard geteuid() == 0 else {
            throw PacketFilterFailure(
                state: .unavailable("Only root can fence off the job networks; jobs can reach this machine's ports."))
        }
        // Found in fixed folders: PATH may be anybody's.
        let folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]
        guard let path = folders.lazy.map({ $0 + "/" + name }).first(where: { access($0, X_OK) == 0 }) else {
            throw PacketFilterFailure(state: .unavailable("\(name) is not installed: apt-get install iptables"))
        }
        let result = try await Subprocess.run(
            .path(FilePath(path)), arguments: Arguments(arguments), input: .string(input), output: .discarded,
            error: .string(limit: 64 << 10))
        let complaint = result.standardError.prefix(1_000)
        guard case .exited(let status) = result.terminationStatus else { return (-1, String(complaint)) }
        return (Int32(status), String(complaint))
    }
}
