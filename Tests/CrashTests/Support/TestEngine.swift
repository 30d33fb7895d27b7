import Executors
import Foundation
import HTTPTransport
import NIOConcurrencyHelpers
import Subprocess
import Testing

/// A Docker Engine that a served Pawl works with, and what the tests themselves ask of it.
struct TestEngine: Sendable {
    /// The engine's socket.
    let socket: String
    /// The range that job networks are cut from; two engines on one machine cannot share one.
    let networks: String

    private static let client = HTTPClient()

    /// The engine that all suites use: `PAWL_DOCKER_SOCKET`, else the one of `scripts/dockerd`, else the machine's.
    static let shared: TestEngine = {
        let own = "/tmp/pawl-dockerd-\(getuid())/docker.sock"
        let found =
            ProcessInfo.processInfo.environment["PAWL_DOCKER_SOCKET"]
            ?? (access(own, F_OK) == 0 ? own : "/var/run/docker.sock")
        return TestEngine(socket: found, networks: "10.208.0.0/16")
    }()

    /// Whether something accepts connections at the socket.
    var isReachable: Bool {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socket.utf8.prefix(100))) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    // MARK: What is in it

    private struct Labelled: Decodable {
        var Id: String
        var Labels: [String: String]?
        /// Of a container: `created` until it is started.
        var State: String?
    }

    /// All containers and networks of a runner's instance.
    func belongings(of instance: String) async throws -> [String] {
        let filters = try query(["filters": "{\"label\":[\"pawl.instance=\(instance)\"]}"])
        let containers = try await get("/containers/json?all=1&\(filters)", as: [Labelled].self)
        let networks = try await get("/networks?\(filters)", as: [Labelled].self)
        return containers.map { "container \($0.Id)" } + networks.map { "network \($0.Id)" }
    }

    /// The attempts of a runner's instance that have a container.
    /// - Returns: the attempts, each with whether its container has ever run.
    func attempts(of instance: String) async throws -> [String: Bool] {
        let filters = try query(["filters": "{\"label\":[\"pawl.instance=\(instance)\"]}"])
        let containers = try await get("/containers/json?all=1&\(filters)", as: [Labelled].self)
        return Dictionary(
            containers.compactMap { one in one.Labels?["pawl.attempt"].map { ($0, one.State != "created") } },
            uniquingKeysWith: { $0 || $1 })
    }

    /// The engine's clock now, as its events have it: nanoseconds since 1970.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// When a job's attempt had a container: from its making to its removal, as the engine remembers.
    struct Tenure: Sendable {
        var job: String
        var attempt: String
        /// The runner's.
        var instance: String
        var from: Int64
        var to: Int64
        /// Whether it ever ran: one that was only made, as when an engine dies over it, does nothing.
        var hasRun = false
    }

    private struct Event: Decodable {
        struct Actor: Decodable { var Attributes: [String: String] }
        var Action: String
        var Actor: Actor
        var timeNano: Int64
    }

    /// What the engine will tell of an instance's containers from now on. It keeps few events for those who ask later, and
    /// others use it too.
    /// - Parameter fromItsStart: whether it tells first what it has kept since its start.
    func watch(
        _ instance: String, fromItsStart: Bool = false
    ) async throws -> AsyncThrowingStream<[UInt8], any Error> {
        let since = fromItsStart ? "since=0&" : ""
        let filters = try query(["filters": "{\"type\":[\"container\"],\"label\":[\"pawl.instance=\(instance)\"]}"])
        let response = try await Self.client.send(
            HTTPRequest("GET", "http://docker/events?\(since)\(filters)", unixSocket: socket, idleTimeout: nil))
        try #require(response.status == 200)
        return response.body
    }

    /// Reads the tenures of what was watched, until the containers of these attempts are gone.
    static func tenures(
        in events: AsyncThrowingStream<[UInt8], any Error>, untilGone attempts: Set<String>
    ) async throws -> [Tenure] {
        let tenures = NIOLockedValueBox<[String: Tenure]>([:])
        try await follow(events, into: tenures) { tenures in
            attempts.allSatisfy { (tenures[$0]?.to ?? .max) < .max }
        }
        return tenures.withLockedValue { Array($0.values) }
    }

    /// Keeps tenures, by attempt, of what was watched, until the engine ends or it is enough.
    static func follow(
        _ events: AsyncThrowingStream<[UInt8], any Error>, into tenures: NIOLockedValueBox<[String: Tenure]>,
        until isEnough: ([String: Tenure]) -> Bool = { _ in false }
    ) async throws {
        var rest: [UInt8] = []
        for try await chunk in events {
            let parts = (rest + chunk).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            rest = Array(parts.last ?? [])
            for event in try parts.dropLast().map({ try JSONDecoder().decode(Event.self, from: Data($0)) }) {
                let facts = event.Actor.Attributes
                guard let job = facts["pawl.job"], let attempt = facts["pawl.attempt"],
                    let instance = facts["pawl.instance"]
                else { continue }
                tenures.withLockedValue { tenures in
                    var tenure =
                        tenures[attempt]
                        ?? Tenure(job: job, attempt: attempt, instance: instance, from: event.timeNano, to: .max)
                    if event.Action == "start" { tenure.hasRun = true }
                    if event.Action == "destroy" { tenure.to = event.timeNano }
                    tenures[attempt] = tenure
                }
            }
            if isEnough(tenures.withLockedValue { $0 }) { break }
        }
    }

    private func query(_ items: [String: String]) throws -> String {
        var components = URLComponents()
        components.queryItems = items.map { URLQueryItem(name: $0.key, value: $0.value) }
        return try #require(components.percentEncodedQuery)
    }

    private func get<Answer: Decodable>(_ target: String, as type: Answer.Type) async throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: Data(try await get(target)))
    }

    private func get(_ target: String) async throws -> [UInt8] {
        let response = try await Self.client.send(
            HTTPRequest("GET", "http://docker" + target, unixSocket: socket))
        let body = try await response.collect(upTo: 16 << 20)
        try #require(response.status == 200, "\(target): \(String(decoding: body, as: UTF8.self))")
        return body
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips where no engine answers.
    static var needsDocker: Self {
        .enabled(if: TestEngine.shared.isReachable, "needs a Docker Engine: scripts/dockerd start")
    }

    /// Skips where no engine can be started.
    static var needsRoot: Self { .enabled(if: geteuid() == 0, "needs root: an engine of its own is started") }
}
