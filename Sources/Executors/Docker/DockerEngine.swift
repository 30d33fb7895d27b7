import FoundationEssentials
import HTTPTransport
import NIOConcurrencyHelpers

/// A Docker Engine, or Podman's compatible service, spoken to over its Unix socket.
///
/// Methods are one call of the Engine API each; what they are put together for is `DockerExecutor`'s. The API's version
/// is agreed on by the first call. Any task may call it.
public final class DockerEngine: Sendable {
    /// What an engine says of itself.
    public struct Version: Hashable, Sendable {
        /// The engine's own version, such as `20.10.24`.
        public var engine: String
        /// The newest API it speaks, such as `1.41`.
        public var api: String
        /// Whether it has an init process to put before a job's.
        public var hasInit: Bool
        /// Whether it is Podman.
        public var isPodman: Bool
    }

    /// Where the engine listens, an absolute path.
    public let socket: String
    private let sender: any HTTPSender
    private let agreed = NIOLockedValueBox<Version?>(nil)
    private let storage = NIOLockedValueBox<String?>(nil)

    /// The newest API version that this code was written against.
    private static let newestAPI = APIVersion(major: 1, minor: 47)
    /// The oldest one that has all it uses.
    private static let oldestAPI = APIVersion(major: 1, minor: 40)

    /// Names an engine; nothing is sent yet.
    public init(socket: String = "/var/run/docker.sock", sender: any HTTPSender) {
        self.socket = socket
        self.sender = sender
    }

    // MARK: About the engine

    /// Whether the engine answers.
    public func ping() async throws {
        let response = try await send("GET", "/_ping", isVersioned: false)
        _ = try await success(response, limit: 1 << 10)
    }

    /// What the engine says of itself; asked once.
    /// - Throws: `ExecutorError` with code `refused` where its API is too old.
    public func version() async throws -> Version {
        if let known = agreed.withLockedValue({ $0 }) { return known }
        struct Answer: Decodable {
            struct Component: Decodable {
                var name: String?
                var version: String?
            }
            var version: String?
            var apiVersion: String?
            var components: [Component]?
        }
        let response = try await send("GET", "/version", isVersioned: false)
        let answer: Answer = try decode(try await success(response))
        let components = answer.components ?? []
        let initVersion = components.first { $0.name == "docker-init" }?.version ?? ""
        let version = Version(
            engine: answer.version ?? "unknown", api: answer.apiVersion ?? "",
            // An engine without the program still lists it, with this version.
            hasInit: !initVersion.isEmpty && initVersion != "N/A",
            isPodman: components.contains { $0.name == "Podman Engine" })
        guard let api = APIVersion(version.api), api >= Self.oldestAPI else {
            throw ExecutorError(
                .refused,
                message: "The engine at \(socket) speaks API \(version.api); \(Self.oldestAPI) or newer is needed.")
        }
        agreed.withLockedValue { $0 = version }
        return version
    }

    /// The folder in which the engine keeps images and containers, by its own name for it; asked once.
    func storageFolder() async throws -> String? {
        if let known = storage.withLockedValue({ $0 }) { return known }
        struct Answer: Decodable { var dockerRootDir: String? }
        let answer: Answer = try decode(try await success(try await send("GET", "/info")))
        storage.withLockedValue { $0 = answer.dockerRootDir }
        return answer.dockerRootDir
    }

    // MARK: Calls

    /// Sends a request to the agreed API version, and returns when its headers have come.
    func send(
        _ method: String, _ path: String, query: [(String, String)] = [], json: Data? = nil,
        headers: [(name: String, value: String)] = [], headerTimeout: Duration = .seconds(60),
        idleTimeout: Duration? = .seconds(60), isVersioned: Bool = true
    ) async throws -> HTTPResponse {
        var url = "http://docker"
        if isVersioned {
            let api = APIVersion(try await version().api) ?? Self.oldestAPI
            url += "/v\(min(api, Self.newestAPI))"
        }
        url += path
        if !query.isEmpty {
            url += "?" + query.map { "\($0)=\($1.urlSegment)" }.joined(separator: "&")
        }
        var headers = headers
        if json != nil { headers.append(("Content-Type", "application/json")) }
        let request = HTTPRequest(
            method, url, headers: headers, body: json.map { .bytes(Array($0)) } ?? .none, unixSocket: socket,
            headerTimeout: headerTimeout, idleTimeout: idleTimeout)
        return try await translatingErrors { try await sender.send(request) }
    }

    /// The body of an answer with a status below 400, as a whole.
    /// - Throws: `EngineRefusal` for any other.
    func success(_ response: HTTPResponse, limit: Int = 16 << 20) async throws -> [UInt8] {
        let body = try await translatingErrors { try await response.collect(upTo: limit) }
        guard response.status < 400 else { throw EngineRefusal(status: response.status, body: body) }
        return body
    }

    /// Reads an answer's JSON.
    func decode<Answer: Decodable>(_ body: [UInt8], as type: Answer.Type = Answer.self) throws -> Answer {
        do {
            return try EngineJSON.decode(type, from: body)
        } catch {
            throw ExecutorError(
                .engineUnavailable, message: "The engine at \(socket) gave an answer that cannot be read.",
                cause: error)
        }
    }

    /// Turns the transport's errors into the executor's.
    func translatingErrors<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as HTTPError where error.code == .cancelled {
            throw CancellationError()
        } catch let error as HTTPError {
            if error.code == .connectionFailed { agreed.withLockedValue { $0 = nil } }
            throw ExecutorError(
                .engineUnavailable,
                message: "The engine at \(socket) does not answer. Is it running? \(error.message)", cause: error)
        }
    }
}

/// An answer of the engine with a status of 400 or more.
struct EngineRefusal: Error, CustomStringConvertible {
    var status: Int
    /// The engine's own words, at most 1,000 characters of them.
    var message: String

    init(status: Int, body: [UInt8]) {
        struct Answer: Decodable { var message: String }
        self.status = status
        let text =
            (try? EngineJSON.decode(Answer.self, from: body))?.message ?? String(decoding: body, as: UTF8.self)
        message = String(text.prefix(1_000))
    }

    var description: String { "the engine answered \(status): \(message)" }

    /// The error for a caller who has no better word for this status.
    func executorError(doing what: String) -> ExecutorError {
        ExecutorError(
            status < 500 ? .refused : .engineFailed,
            message: "The engine could not \(what): \(message)", cause: self)
    }
}

/// A version of the Engine API, compared by its numbers: 1.9 is older than 1.41.
struct APIVersion: Comparable, CustomStringConvertible {
    var major: Int
    var minor: Int

    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    init?(_ text: String) {
        let parts = text.split(separator: ".").map { Int($0) }
        guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
        self.init(major: major, minor: minor)
    }

    static func < (left: Self, right: Self) -> Bool { (left.major, left.minor) < (right.major, right.minor) }

    var description: String { "\(major).\(minor)" }
}
