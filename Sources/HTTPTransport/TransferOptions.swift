import CLibcurl

/// An easy handle with a request's options set, and the C memory that curl reads while the transfer lasts.
final class TransferOptions {
    let easy: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>

    /// - Throws: `HTTPError` with code `invalidRequest` where curl refuses an option.
    init(_ request: PreparedRequest) throws {
        guard let easy = curl_easy_init() else {
            throw HTTPError.broken(request.name, "libcurl has no memory for a handle")
        }
        self.easy = easy
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        for line in request.headerLines { headers = curl_slist_append(headers, line) }
        let code = set(request)
        guard code == CURLE_OK else {
            throw HTTPError(
                .invalidRequest,
                message: "\(request.name): libcurl refused an option: \(String(cString: curl_easy_strerror(code))).")
        }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headers)
        errorText.deallocate()
    }

    /// Sets each option in turn, and stops at the first that is refused.
    private func set(_ request: PreparedRequest) -> CURLcode {
        let settings: [() -> CURLcode] = [
            // Signals belong to the process, not to a library's thread.
            { self.set(CURLOPT_NOSIGNAL, 1) },
            { self.set(CURLOPT_PROTOCOLS_STR, "http,https") },
            { self.set(CURLOPT_URL, request.url) },
            { self.set(CURLOPT_USERAGENT, request.userAgent) },
            { self.set(CURLOPT_FOLLOWLOCATION, 0) },
            { self.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS)) },
            { self.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1) },
            { self.set(CURLOPT_SSL_VERIFYPEER, 1) },
            { self.set(CURLOPT_SSL_VERIFYHOST, 2) },
            { self.set(CURLOPT_TCP_NODELAY, 1) },
            // Ending a transfer does not wait for a name that is still being looked up.
            { self.set(CURLOPT_QUICK_EXIT, 1) },
            { pawl_curl_set_list(self.easy, CURLOPT_HTTPHEADER, self.headers) },
            { pawl_curl_set_buffer(self.easy, CURLOPT_ERRORBUFFER, self.errorText) },
            { request.authorityFile.map { self.set(CURLOPT_CAINFO, $0) } ?? CURLE_OK },
            { request.unixSocket.map { self.set(CURLOPT_UNIX_SOCKET_PATH, $0) } ?? CURLE_OK },
            { self.setBody(request) },
            { self.set(CURLOPT_CUSTOMREQUEST, request.method) },
        ]
        for setting in settings {
            let code = setting()
            if code != CURLE_OK { return code }
        }
        return CURLE_OK
    }

    private func setBody(_ request: PreparedRequest) -> CURLcode {
        if request.source != nil {
            // A stream cannot be rewound, which curl would ask for when a kept connection turns out to be dead.
            _ = set(CURLOPT_FRESH_CONNECT, 1)
            _ = pawl_curl_set_size(easy, CURLOPT_INFILESIZE_LARGE, request.sourceLength.map { curl_off_t($0) } ?? -1)
            return set(CURLOPT_UPLOAD, 1)
        }
        if !request.bytes.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method) {
            let code = pawl_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.bytes.count))
            guard code == CURLE_OK else { return code }
            return request.bytes.isEmpty
                ? pawl_curl_set_bytes(easy, CURLOPT_COPYPOSTFIELDS, "")
                : request.bytes.withUnsafeBytes {
                    pawl_curl_set_bytes(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
                }
        }
        return request.method == "HEAD" ? set(CURLOPT_NOBODY, 1) : CURLE_OK
    }

    private func set(_ option: CURLoption, _ value: Int) -> CURLcode { pawl_curl_set_long(easy, option, value) }

    private func set(_ option: CURLoption, _ value: String) -> CURLcode { pawl_curl_set_text(easy, option, value) }

    /// Lets curl call the transfer, which owns this object and takes it off the multi handle before it goes.
    func connectCallbacks(to transfer: Transfer) {
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        pawl_curl_set_context(easy, context)
        let receive: pawl_curl_data_callback = { bytes, size, count, context in
            guard let context else { return 0 }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        let receiveHeader: pawl_curl_data_callback = { bytes, size, count, context in
            guard let context else { return 0 }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        let send: pawl_curl_data_callback = { buffer, size, count, context in
            guard let context else { return Int(CURL_READFUNC_ABORT) }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.send(into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
        }
        pawl_curl_set_callback(easy, CURLOPT_WRITEFUNCTION, receive, CURLOPT_WRITEDATA, context)
        pawl_curl_set_callback(easy, CURLOPT_HEADERFUNCTION, receiveHeader, CURLOPT_HEADERDATA, context)
        pawl_curl_set_callback(easy, CURLOPT_READFUNCTION, send, CURLOPT_READDATA, context)
    }

    /// The error for curl's code, in words that name the request without its credentials.
    func error(for code: CURLcode, request: PreparedRequest) -> HTTPError {
        let detail = String(cString: errorText)
        let reason = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        let place = request.unixSocket.map { " over \($0)" } ?? ""
        switch code {
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            return HTTPError(
                .connectionFailed,
                message: "\(request.name)\(place): nobody answers there: \(reason). Check the address and the network.")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR:
            return HTTPError(
                .connectionFailed,
                message: "\(request.name): TLS failed: \(reason). Check the certificate, or name its authority.")
        case CURLE_OPERATION_TIMEDOUT:
            return HTTPError(.timedOut, message: "\(request.name)\(place): \(reason).")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            return HTTPError(.invalidRequest, message: "\(request.name): the URL cannot be read.")
        default:
            return .broken(request.name + place, reason)
        }
    }

}
