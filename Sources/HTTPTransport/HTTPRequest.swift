/// A request to send: where, how, and with what body.
public struct HTTPRequest: Sendable {
    /// What is sent after the headers.
    public enum Body: Sendable {
        /// Nothing.
        case none
        /// These bytes, with their length stated.
        case bytes([UInt8])
        /// Chunks as they come; with a length it is stated, without one the body is sent chunked.
        case stream(AsyncThrowingStream<[UInt8], any Error>, length: Int64?)
    }

    /// The method, in capitals.
    public var method: String
    /// An absolute `http` or `https` URL. With a Unix socket the host is only the `Host` header.
    public var url: String
    /// Header names and values in order.
    public var headers: [(name: String, value: String)]
    /// The body.
    public var body: Body
    /// Connects to this socket's path instead of the URL's host.
    public var unixSocket: String?
    /// How long the answer's headers may take from the start of the request.
    public var headerTimeout: Duration
    /// How long the body may stand still before the request fails; nil for streams that may be silent for ever.
    public var idleTimeout: Duration?
    /// How long all of it may take, however steadily bytes come; nil for as long as they do.
    public var totalTimeout: Duration?

    /// Describes a request; by default the headers have 30 s, a silent body 60 s, and the whole no bound.
    public init(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = [], body: Body = .none,
        unixSocket: String? = nil, headerTimeout: Duration = .seconds(30), idleTimeout: Duration? = .seconds(60),
        totalTimeout: Duration? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.unixSocket = unixSocket
        self.headerTimeout = headerTimeout
        self.idleTimeout = idleTimeout
        self.totalTimeout = totalTimeout
    }
}
