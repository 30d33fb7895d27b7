import FoundationEssentials
import HTTPTransport
import PipelineModel

extension DockerEngine {
    /// What the engine knows of one container.
    struct ContainerDetails: Decodable {
        struct State: Decodable {
            var status: String
            var running: Bool
            var exitCode: Int
            var pid: Int32?
            var oomKilled: Bool?
            var startedAt: String?
            var finishedAt: String?

            /// Whether it ever ran.
            var wasStarted: Bool { startedAt.flatMap(EngineTime.timestamp) != nil }
        }
        struct Config: Decodable { var labels: [String: String]? }
        var id: String
        var image: String
        var state: State
        var config: Config
        var graphDriver: GraphDriver?

        /// What keeps the container's files. With `overlay2` its data have the folder `UpperDir` of what it wrote itself.
        struct GraphDriver: Decodable { var data: [String: String]? }
    }

    /// One line of the list of containers or networks.
    struct Labelled: Decodable {
        var id: String
        var labels: [String: String]?
    }

    /// Makes a container, stopped.
    /// - Parameter platform: which of an image's platforms it runs; nil means the engine's own.
    /// - Returns: its id.
    func createContainer(_ body: ContainerBody, name: String, platform: String? = nil) async throws -> String {
        let query = [("name", name)] + (platform.map { [("platform", $0)] } ?? [])
        let response = try await send("POST", "/containers/create", query: query, json: try EngineJSON.encode(body))
        return try decode(try await success(response), as: Identified.self).id
    }

    /// Everything the engine knows of a container.
    func container(_ id: String) async throws -> ContainerDetails {
        try decode(try await success(try await send("GET", "/containers/\(id)/json")))
    }

    /// How many bytes a container's own layer has, as the engine counts them: it walks over every file.
    func layerSize(of id: String) async throws -> Int64? {
        struct Answer: Decodable { var sizeRw: Int64? }
        let response = try await send(
            "GET", "/containers/\(id)/json", query: [("size", "1")], headerTimeout: .seconds(120))
        return try decode(try await success(response), as: Answer.self).sizeRw
    }

    /// Containers with all these labels, stopped ones too.
    func containers(labels: [String]) async throws -> [Labelled] {
        let query = [("all", "1"), ("filters", try Self.filter(labels))]
        return try decode(try await success(try await send("GET", "/containers/json", query: query)))
    }

    /// Begins to wait for a container's next end. When this returns the wait is registered, so that a start which
    /// follows cannot be overtaken by its own end.
    func waitForNextExit(_ id: String) async throws -> HTTPResponse {
        let response = try await send(
            "POST", "/containers/\(id)/wait", query: [("condition", "next-exit")], idleTimeout: nil)
        if response.status >= 400 { _ = try await success(response) }
        return response
    }

    /// Waits for a container to have ended, which it may have already, and no longer than a minute.
    func waitUntilStopped(_ id: String) async throws -> HTTPResponse {
        let response = try await send("POST", "/containers/\(id)/wait", query: [("condition", "not-running")])
        if response.status >= 400 { _ = try await success(response) }
        return response
    }

    /// The exit code that a wait ends with.
    func exitCode(from wait: HTTPResponse) async throws -> Int {
        struct Answer: Decodable { var statusCode: Int }
        return try decode(try await success(wait), as: Answer.self).statusCode
    }

    /// Streams what a container writes from now on, framed. Without the `Upgrade` header the engine answers with a
    /// plain body that lasts as long as the container, and it holds the container's writes back while nobody reads.
    func attach(_ id: String) async throws -> HTTPResponse {
        let response = try await send(
            "POST", "/containers/\(id)/attach", query: [("stream", "1"), ("stdout", "1"), ("stderr", "1")],
            idleTimeout: nil)
        if response.status >= 400 { _ = try await success(response) }
        return response
    }

    /// Streams what a container has written by the engine's record, framed.
    /// - Parameter follows: whether what it still writes comes after that, until it ends.
    func logs(_ id: String, since: String?, follows: Bool) async throws -> HTTPResponse {
        var query = [("follow", follows ? "1" : "0"), ("stdout", "1"), ("stderr", "1")]
        if let since { query.append(("since", since)) }
        let response = try await send(
            "GET", "/containers/\(id)/logs", query: query, idleTimeout: follows ? nil : .seconds(60))
        if response.status >= 400 { _ = try await success(response) }
        return response
    }

    /// Starts a container that was made.
    func start(_ id: String) async throws {
        _ = try await success(try await send("POST", "/containers/\(id)/start", headerTimeout: .seconds(120)))
    }

    /// Asks a container to end, and ends it by force after the grace period. One that does not run is left alone.
    func stop(_ id: String, grace: Duration) async throws {
        let seconds = max(0, grace.components.seconds + (grace.components.attoseconds > 0 ? 1 : 0))
        let response = try await send(
            "POST", "/containers/\(id)/stop", query: [("t", String(seconds))],
            headerTimeout: .seconds(seconds) + .seconds(60))
        _ = try await success(response)
    }

    /// Ends a container by force. One that does not run is left alone.
    func kill(_ id: String) async throws {
        do {
            _ = try await success(try await send("POST", "/containers/\(id)/kill"))
        } catch let refusal as EngineRefusal where refusal.status == 404 || refusal.status == 409 {
            // It is gone, or it does not run.
        }
    }

    /// Removes a container, by force where it runs, and its anonymous volumes.
    func removeContainer(_ id: String) async throws {
        let response = try await send(
            "DELETE", "/containers/\(id)", query: [("force", "1"), ("v", "1")], headerTimeout: .seconds(120))
        do {
            _ = try await success(response)
        } catch let refusal as EngineRefusal where refusal.status == 404 {
            // It is gone.
        } catch let refusal as EngineRefusal where refusal.status == 409 {
            // Somebody else's removal of it is under way; it is gone when this wait ends.
            let wait = try await send(
                "POST", "/containers/\(id)/wait", query: [("condition", "removed")], idleTimeout: .seconds(60))
            do { _ = try await success(wait) } catch let refusal as EngineRefusal where refusal.status == 404 {}
        }
    }

    /// A filter on labels, as the API's lists take it.
    static func filter(_ labels: [String]) throws -> String {
        String(decoding: try JSONEncoder().encode(["label": labels]), as: UTF8.self)
    }

    /// The answer to everything that makes something.
    struct Identified: Decodable { var id: String }
}
