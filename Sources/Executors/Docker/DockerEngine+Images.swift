import FoundationEssentials
import HTTPTransport
import PipelineModel

extension DockerEngine {
    /// An image that the engine has.
    public struct Image: Hashable, Sendable {
        /// Its id, `sha256:…`.
        public var id: String
        /// Its names, empty where it has none.
        public var tags: [String]
        /// When it was built, seconds since 1970.
        public var createdAt: Int64
        /// Its size, layers it shares with others included.
        public var size: ByteCount
    }

    /// Pulls an image, and returns when it is there.
    /// - Parameter platform: which of its platforms; nil means the engine's own.
    /// - Throws: `ExecutorError` with code `imageUnavailable` for whatever kept it away.
    func pull(_ reference: ImageReference, login: RegistryLogin?, platform: String?) async throws {
        var headers: [(name: String, value: String)] = []
        if let login { headers.append(("X-Registry-Auth", try RegistryAuthentication.header(login))) }
        var query = [("fromImage", reference.name), ("tag", reference.tagOrDigest)]
        if let platform { query.append(("platform", platform)) }
        let response = try await send(
            "POST", "/images/create", query: query,
            headers: headers, headerTimeout: .seconds(180), idleTimeout: .seconds(600))
        guard response.status < 400 else {
            do {
                _ = try await success(response)
            } catch let refusal as EngineRefusal {
                throw Self.pullError(reference, refusal.message, hasLogin: login != nil)
            }
            return
        }
        // A failure after the first layer comes in the progress stream of a 200.
        var lines = LineSplitter(limit: 1 << 20)
        var failure: String?
        try await translatingErrors {
            for try await chunk in response.body {
                for line in lines.feed(chunk) { failure = failure ?? Self.pullFailure(in: line) }
            }
        }
        try Task.checkCancellation()
        failure = failure ?? lines.rest.flatMap(Self.pullFailure)
        if let failure { throw Self.pullError(reference, failure, hasLogin: login != nil) }
    }

    private static func pullFailure(in line: [UInt8]) -> String? {
        struct Progress: Decodable { var error: String? }
        return (try? EngineJSON.decode(Progress.self, from: line))?.error
    }

    private static func pullError(_ reference: ImageReference, _ reason: String, hasLogin: Bool) -> ExecutorError {
        let hint =
            hasLogin
            ? "Check the image's name and the login for \(reference.registry)."
            : "Check the image's name; if it is private, give a login for \(reference.registry)."
        return ExecutorError(
            .imageUnavailable,
            message: "The image \(reference) could not be pulled: \(String(reason.prefix(1_000))). \(hint)")
    }

    /// Images that the engine has.
    public func images() async throws -> [Image] {
        struct Line: Decodable {
            var id: String
            var repoTags: [String]?
            var created: Int64
            var size: Int64
        }
        let lines: [Line] = try decode(try await success(try await send("GET", "/images/json")))
        return lines.map {
            Image(
                id: $0.id, tags: ($0.repoTags ?? []).filter { $0 != "<none>:<none>" }, createdAt: $0.created,
                size: ByteCount(bytes: $0.size))
        }
    }

    /// The id of an image that the engine has; nil where it has none of that name.
    func imageID(of reference: ImageReference) async throws -> String? {
        struct Details: Decodable { var id: String }
        do {
            let response = try await send("GET", "/images/\(reference.engineName)/json")
            return try decode(try await success(response), as: Details.self).id
        } catch let refusal as EngineRefusal where refusal.status == 404 {
            return nil
        }
    }
}

/// Cuts a stream of bytes into lines. A line longer than the limit is dropped whole, so that memory stays bounded.
struct LineSplitter {
    private let limit: Int
    private var line: [UInt8] = []
    private var isTooLong = false

    init(limit: Int) { self.limit = limit }

    /// What came after the last line end, where it is a line within the limit.
    var rest: [UInt8]? { line.isEmpty || isTooLong ? nil : line }

    /// Takes more bytes, and gives the lines that they complete, without their ends.
    mutating func feed(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for piece in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if piece.offset > 0 {
                if !isTooLong { lines.append(line) }
                line = []
                isTooLong = false
            }
            if line.count + piece.element.count > limit {
                isTooLong = true
                line = []
            } else if !isTooLong {
                line += piece.element
            }
        }
        return lines
    }
}
