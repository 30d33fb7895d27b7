import CLibcurl

/// A request that has been checked, and the name by which errors call it.
struct PreparedRequest: Sendable {
    let method: String
    let url: String
    let headerLines: [String]
    let unixSocket: String?
    let headerTimeout: Duration
    let idleTimeout: Duration?
    let totalTimeout: Duration?
    /// Bytes to send as they are; empty where there is no body.
    let bytes: [UInt8]
    /// A body that comes as a stream.
    let source: AsyncThrowingStream<[UInt8], any Error>?
    /// The length of a body that comes as a stream, where it is known.
    let sourceLength: Int64?
    let authorityFile: String?
    let userAgent: String
    let window: Int
    let headerLimit: Int
    /// The method and the URL without user, password, query and fragment.
    let name: String

    /// - Throws: `HTTPError` with code `invalidRequest` for a method, URL or header that would change the request's
    ///   meaning on the wire, such as a header value with a line end.
    init(_ request: HTTPRequest, settings: HTTPClient.Settings) throws {
        name = "\(request.method) \(Self.withoutCredentials(request.url))"
        guard !request.method.isEmpty, request.method.utf8.allSatisfy(Self.isTokenByte) else {
            throw HTTPError(.invalidRequest, message: "The request's method is not an HTTP method.")
        }
        guard request.url.hasPrefix("http://") || request.url.hasPrefix("https://"),
            request.url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f })
        else {
            throw HTTPError(
                .invalidRequest,
                message: "\(name): the URL must begin with http:// or https:// and hold no blanks.")
        }
        var lines: [String] = []
        for (field, value) in request.headers {
            guard !field.isEmpty, field.utf8.allSatisfy(Self.isTokenByte),
                value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 })
            else {
                throw HTTPError(.invalidRequest, message: "\(name): a header has a line end or a wrong name.")
            }
            // curl reads "Name:" as "do not send this header", and "Name;" as "send it empty".
            lines.append(value.isEmpty ? "\(field);" : "\(field): \(value)")
        }
        let names = Set(request.headers.map { $0.name.lowercased() })
        // curl would add a form's content type, and wait a second for a 100-continue before a large body.
        if !names.contains("content-type") { lines.append("Content-Type:") }
        if !names.contains("expect") { lines.append("Expect:") }
        headerLines = lines
        method = request.method
        url = request.url
        unixSocket = request.unixSocket
        headerTimeout = request.headerTimeout
        idleTimeout = request.idleTimeout
        totalTimeout = request.totalTimeout
        switch request.body {
        case .none: (bytes, source, sourceLength) = ([], nil, nil)
        case .bytes(let all): (bytes, source, sourceLength) = (all, nil, nil)
        case .stream(let stream, let length):
            if let length, length < 0 {
                throw HTTPError(.invalidRequest, message: "\(name): the body's length is negative.")
            }
            (bytes, source, sourceLength) = ([], stream, length)
        }
        authorityFile = settings.authorityFile
        userAgent = settings.userAgent
        window = max(settings.window, 1)
        headerLimit = settings.headerLimit
    }

    /// The scheme, host, port and path of a URL: what may stand in an error text. Tokens travel in the other parts.
    static func withoutCredentials(_ url: String) -> String {
        guard let parsed = curl_url() else { return "a URL" }
        defer { curl_url_cleanup(parsed) }
        guard curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK else { return "a URL that cannot be read" }
        for part in [CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY, CURLUPART_FRAGMENT] {
            curl_url_set(parsed, part, nil, 0)
        }
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(parsed, CURLUPART_URL, &text, 0) == CURLUE_OK, let text else { return "a URL" }
        defer { curl_free(text) }
        return String(cString: text)
    }

    /// Whether a byte may stand in a method or a header's name (RFC 9110, 5.6.2).
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
