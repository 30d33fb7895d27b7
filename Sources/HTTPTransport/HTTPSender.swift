/// Whatever sends a request and gives the answer: the real client, or a recording one in a test.
public protocol HTTPSender: Sendable {
    /// Sends a request and returns as soon as the answer's headers have come.
    ///
    /// An answer with a status of 400 or more is an answer, not an error.
    /// - Throws: `HTTPError` when no answer came.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse
}
