import NIOConcurrencyHelpers

/// Sends requests through libcurl, all of them on one thread of its own.
///
/// HTTP/1.1 and, over TLS, HTTP/2; connections are kept and used again; proxies are taken from the environment as
/// curl takes them; certificates are verified; redirects are answers like any other. A transfer ends within
/// milliseconds when its task is cancelled or its body is dropped. Any task may call it. Its thread ends with it, and
/// bodies that are still being read with the thread: keep it for as long as they are.
public final class HTTPClient: HTTPSender {
    /// What all requests of a client have in common.
    public struct Settings: Sendable {
        /// A PEM file of authorities to trust instead of the system's.
        public var authorityFile: String?
        /// The `User-Agent` header. GitHub refuses requests without one.
        public var userAgent: String
        /// How many bytes of a body are kept for a reader, or a writer, that is behind.
        public var window: Int
        /// How many bytes all headers of an answer may have together.
        public var headerLimit: Int

        /// The system's authorities, a window of 64 KiB, headers up to 256 KiB.
        public init(
            authorityFile: String? = nil, userAgent: String = "pawl", window: Int = 64 << 10,
            headerLimit: Int = 256 << 10
        ) {
            self.authorityFile = authorityFile
            self.userAgent = userAgent
            self.window = window
            self.headerLimit = headerLimit
        }
    }

    private let settings: Settings
    private let thread: CurlThread
    private let lastID = NIOLockedValueBox<UInt64>(0)

    /// Starts the client's thread.
    public init(settings: Settings = Settings()) {
        self.settings = settings
        thread = CurlThread()
    }

    deinit { thread.stop() }

    /// Ends all transfers with `cancelled` and the thread with them. Later requests fail with `cancelled`.
    public func shutdown() { thread.stop() }

    /// Sends a request, and returns when the answer's headers have come; the body follows as it is read.
    ///
    /// An answer with a status of 400 or more is an answer. A body that is a stream is read once, so a request that
    /// has one is never sent again on a fresh connection.
    /// - Throws: `HTTPError`, or the error that the request's own body stream threw.
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let prepared = try PreparedRequest(request, settings: settings)
        let id = lastID.withLockedValue { last in
            last += 1
            return last
        }
        let handle = TransferHandle(id: id, name: prepared.name, thread: thread)
        let head = try await handle.start(prepared)
        return HTTPResponse(
            status: head.status, headers: head.headers,
            body: AsyncThrowingStream { try await handle.nextChunk() })
    }
}
