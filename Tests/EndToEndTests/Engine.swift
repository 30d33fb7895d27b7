import Forges
import Foundation
import HTTPTransport

/// What the Docker Engine itself says of containers.
enum Engine {
    private static let client = HTTPClient()

    private static func get(_ path: String) async throws -> [UInt8] {
        let answer = try await client.send(HTTPRequest("GET", "http://docker" + path, unixSocket: Docker.socket))
        return try await answer.collect(upTo: 4 << 20)
    }

    /// Gives an image a name, which leads to no other from then on.
    static func tag(_ image: String, as name: String) async throws {
        let parts = name.split(separator: ":")
        try await send("POST", "/images/\(image)/tag?repo=\(parts[0])&tag=\(parts[1])")
    }

    /// Takes a name away again.
    static func untag(_ name: String) async throws { try await send("DELETE", "/images/\(name)") }

    private static func send(_ method: String, _ path: String) async throws {
        let answer = try await client.send(HTTPRequest(method, "http://docker" + path, unixSocket: Docker.socket))
        guard answer.status < 400 else { throw SiteError("the engine answers \(path) with \(answer.status)") }
        _ = try await answer.collect(upTo: 1 << 20)
    }

    /// What `docker inspect` shows of every container of a server.
    static func containers(of site: Site) async throws -> String {
        let instance = try String(contentsOfFile: site.data + "/runner/instance", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let filter = "{\"label\":[\"pawl.instance=\(instance)\"]}".addingPercentEncoding(
            withAllowedCharacters: .alphanumerics)
        let list = try JSONValue(parsing: try await get("/containers/json?all=1&filters=\(filter ?? "")"))
        var all = ""
        for entry in list.elements ?? [] {
            guard let id = entry["Id"]?.text else { continue }
            all += String(decoding: try await get("/containers/\(id)/json"), as: UTF8.self)
        }
        return all
    }

    /// How many containers there are of a runner, by its own id.
    static func containers(labelled instance: String) async throws -> Int {
        let filter = "{\"label\":[\"pawl.instance=\(instance)\"]}".addingPercentEncoding(
            withAllowedCharacters: .alphanumerics)
        return try JSONValue(parsing: try await get("/containers/json?all=1&filters=\(filter ?? "")")).elements?.count
            ?? 0
    }
}
