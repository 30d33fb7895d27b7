import Forges
import HTTPTransport
import NIOConcurrencyHelpers

/// Answers requests from a closure, without a network, and keeps what was asked.
public final class RecordingSender: HTTPSender {
    /// One request as it was sent.
    public struct Sent: Sendable {
        /// The method.
        public let method: String
        /// The whole URL.
        public let url: String
        /// The headers.
        public let headers: HTTPHeaders
        /// The body, empty where there was none.
        public let bytes: [UInt8]

        /// The URL's path with its query, without the address in front.
        public func path(after base: String) -> String { String(url.dropFirst(base.count)) }

        /// The body as JSON; nil where it is none.
        public var json: JSONValue? { try? JSONValue(parsing: bytes) }
    }

    /// What is answered.
    public struct Reply: Sendable {
        let status: Int
        let headers: [(name: String, value: String)]
        let body: [UInt8]

        /// An answer with JSON.
        public init(_ status: Int, _ body: JSONValue = [:], headers: [(name: String, value: String)] = []) {
            self.status = status
            self.headers = headers
            self.body = body.bytes
        }

        /// An answer with any text.
        public init(_ status: Int, text: String, headers: [(name: String, value: String)] = []) {
            self.status = status
            self.headers = headers
            body = Array(text.utf8)
        }
    }

    private let record = NIOLockedValueBox<[Sent]>([])
    private let answer: @Sendable (Sent) throws -> Reply

    /// Answers every request by the closure; what it throws is thrown to the client.
    public init(_ answer: @escaping @Sendable (Sent) throws -> Reply) { self.answer = answer }

    /// What was asked, in order.
    public var sent: [Sent] { record.withLockedValue { $0 } }

    /// Records the request and answers it.
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        var bytes: [UInt8] = []
        if case .bytes(let body) = request.body { bytes = body }
        let sent = Sent(method: request.method, url: request.url, headers: HTTPHeaders(request.headers), bytes: bytes)
        record.withLockedValue { $0.append(sent) }
        let reply = try answer(sent)
        return HTTPResponse(
            status: reply.status, headers: HTTPHeaders(reply.headers),
            body: AsyncThrowingStream { continuation in
                continuation.yield(reply.body)
                continuation.finish()
            })
    }
}
