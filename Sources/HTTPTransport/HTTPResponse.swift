/// An answer whose headers have come and whose body is still on its way.
public struct HTTPResponse: Sendable {
    /// The status code.
    public var status: Int
    /// The answer's headers.
    public var headers: HTTPHeaders
    /// The body's chunks, at most as far ahead of the reader as the client's window. Leaving the loop early, or
    /// dropping the stream, ends the transfer. As with every such stream, cancelling the reading task may end the loop
    /// without an error: one who takes the loop's end for the body's end asks for cancellation afterwards.
    public var body: AsyncThrowingStream<[UInt8], any Error>

    /// Puts an answer together.
    public init(status: Int, headers: HTTPHeaders, body: AsyncThrowingStream<[UInt8], any Error>) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Reads the whole body.
    /// - Throws: `HTTPError` with code `tooLarge` as soon as there is more than `limit` bytes.
    public func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in body {
            guard bytes.count + chunk.count <= limit else {
                throw HTTPError(.tooLarge, message: "The answer is longer than the \(limit) bytes that are read of it.")
            }
            bytes += chunk
        }
        // A stream that its task's cancellation ends looks like one that came to its end.
        if Task.isCancelled { throw HTTPError(.cancelled, message: "The answer was not read to its end.") }
        return bytes
    }
}

/// Headers in the order they came, found by name in any case.
public struct HTTPHeaders: Sendable {
    /// Names and values as sent.
    public var fields: [(name: String, value: String)]

    /// Wraps names and values.
    public init(_ fields: [(name: String, value: String)] = []) { self.fields = fields }

    /// The first value of that name.
    public subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.name.lowercased() == wanted }?.value
    }
}
