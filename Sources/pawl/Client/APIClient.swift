import FoundationEssentials
import HTTPTransport
import PipelineModel
import Server

/// Speaks with the server's API, and turns its refusals into what a command ends with.
struct APIClient: Sendable {
    /// What a query carries; nil values are left out.
    typealias Query = KeyValuePairs<String, String?>

    let settings: ClientSettings
    let sender: any HTTPSender

    /// The longest answer that is read whole, in bytes.
    private static let answerLimit = 64 << 20

    /// Asks for a view.
    func get<View: Decodable>(_ path: String, _ query: Query = [:], as type: View.Type = View.self) async throws -> View
    {
        try await decode(send("GET", path, query))
    }

    /// Sends a request that changes something, and takes the view that answers it.
    func change<View: Decodable>(
        _ method: String, _ path: String, _ query: Query = [:], body: (any Encodable & Sendable)? = nil,
        as type: View.Type = View.self
    ) async throws -> View {
        try await decode(send(method, path, query, body: body, headerTimeout: .seconds(120)))
    }

    /// Asks for a body that comes as things happen, for as long as that takes. A backup begins only once it is made.
    func stream(_ path: String, _ query: Query = [:]) async throws -> AsyncThrowingStream<[UInt8], any Error> {
        try await send("GET", path, query, headerTimeout: .seconds(600), idleTimeout: nil).body
    }

    /// Follows a pipeline: a view whenever something changed, until it has ended or the closure says stop.
    func follow(_ id: PipelineID, _ take: (PipelineDetailView) async throws -> FollowStep) async throws {
        var lines = LineSplitter()
        for try await chunk in try await stream("/api/pipelines/\(id)/follow") {
            for line in try lines.split(chunk) where !line.isEmpty {
                let view: PipelineDetailView = try Self.decode(line)
                if try await take(view) == .stop { return }
            }
        }
        try Task.checkCancellation()
    }

    private func decode<View: Decodable>(_ response: HTTPResponse) async throws -> View {
        try Self.decode(
            try await Self.translating(server: settings.server) {
                try await response.collect(upTo: Self.answerLimit)
            })
    }

    private static func decode<View: Decodable>(_ bytes: [UInt8]) throws -> View {
        do {
            return try JSONDecoder().decode(View.self, from: Data(bytes))
        } catch {
            throw CommandFailure(.failed, "the server's answer is not what this pawl knows.  pawl version")
        }
    }

    private func send(
        _ method: String, _ path: String, _ query: Query, body: (any Encodable & Sendable)? = nil,
        headerTimeout: Duration = .seconds(30), idleTimeout: Duration? = .seconds(60)
    ) async throws -> HTTPResponse {
        var headers = [("Authorization", "Bearer " + settings.token.revealed), ("Accept", "application/json")]
        var content = HTTPRequest.Body.none
        if let body {
            content = .bytes(Array(try JSONEncoder().encode(body)))
            headers.append(("Content-Type", "application/json"))
        }
        let request = HTTPRequest(
            method, settings.server + path + Self.text(of: query), headers: headers.map { (name: $0.0, value: $0.1) },
            body: content, headerTimeout: headerTimeout, idleTimeout: idleTimeout)
        let response = try await Self.translating(server: settings.server) { try await sender.send(request) }
        guard response.status >= 400 else { return response }
        throw await refusal(response)
    }

    private func refusal(_ response: HTTPResponse) async -> CommandFailure {
        let bytes = (try? await response.collect(upTo: 1 << 20)) ?? []
        guard let view = try? JSONDecoder().decode(ErrorView.self, from: Data(bytes)) else {
            return CommandFailure(
                .unreached,
                "\(settings.server) answered \(response.status), not as a Pawl server would; check its address")
        }
        let status: CommandFailure.Status =
            switch view.error.code {
            case "invalid", "not_found": .usage
            case "unauthorized", "forbidden", "refused", "too_many": .refused
            case "unavailable": .unreached
            default: .failed
            }
        return CommandFailure(status, view.error.message.printable)
    }

    private static func translating<Value: Sendable>(
        server: String, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error as HTTPError where error.code != .cancelled {
            let reason =
                switch error.code {
                case .connectionFailed where error.message.contains("Couldn't connect"): "connection refused"
                case .connectionFailed where error.message.contains("resolve"): "its name is not known"
                case .connectionFailed: "nobody answers there"
                case .timedOut: "no answer in time"
                case .broken: "the connection broke"
                default: error.message.printable
                }
            throw CommandFailure(.unreached, "no server at \(server) (\(reason)).  systemctl status pawl")
        }
    }

    private static func text(of query: Query) -> String {
        let pairs = query.compactMap { name, value in value.map { "\(name)=\($0.urlSegment)" } }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }
}

/// Whether to go on following.
enum FollowStep: Sendable { case goOn, stop }

/// Cuts bytes that come in parts into lines.
struct LineSplitter: Sendable {
    private var rest: [UInt8] = []
    private let limit = 64 << 20

    /// The lines that are whole now, without their ends.
    /// - Throws: `CommandFailure` when a line is longer than anything the server sends.
    mutating func split(_ chunk: [UInt8]) throws -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = chunk.startIndex
        while let end = chunk[start...].firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(rest + chunk[start..<end])
            rest = []
            start = end + 1
        }
        rest += chunk[start...]
        guard rest.count <= limit else { throw CommandFailure(.failed, "the server's answer does not end") }
        return lines
    }
}
