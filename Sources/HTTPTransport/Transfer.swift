import CLibcurl

/// The status and headers of an answer.
struct ResponseHead: Sendable {
    var status: Int
    var headers: HTTPHeaders
}

/// One request on its way and its answer on its way back, on the client's thread.
///
/// Both directions have a window: curl is paused when the reader of the answer, or the writer of the request's body, is
/// that far behind, and goes on when they catch up.
final class Transfer {
    /// Why a transfer would be ended by the clock, and when.
    struct Deadline {
        var moment: ContinuousClock.Instant
        var error: HTTPError
    }

    let easy: UnsafeMutableRawPointer
    let name: String
    private let request: PreparedRequest
    private let pump: UploadPump?
    private let options: TransferOptions
    private let began = ContinuousClock.now

    private var result: Result<Void, any Error>?
    /// What a callback of ours found wrong; told instead of curl's word for an aborted callback.
    private var callbackError: (any Error)?

    private var headContinuation: CheckedContinuation<ResponseHead, any Error>?
    private var head = ResponseHead(status: 0, headers: HTTPHeaders())
    private var headerBytes = 0
    private var lastActivity = ContinuousClock.now

    private var received: [UInt8] = []
    private var reader: CheckedContinuation<[UInt8]?, any Error>?
    private var isReceivingPaused = false

    private var toSend: [UInt8] = []
    private var sentOfFirst = 0
    private var writer: CheckedContinuation<Void, any Error>?
    private var isSendingPaused = false
    private var isUploadWhole = false

    init(_ request: PreparedRequest, pump: UploadPump?, head: CheckedContinuation<ResponseHead, any Error>) throws {
        options = try TransferOptions(request)
        easy = options.easy
        name = request.name
        self.request = request
        self.pump = pump
        headContinuation = head
        options.connectCallbacks(to: self)
    }

    // MARK: Time

    /// When the clock ends this transfer: the first of its deadlines.
    var deadline: Deadline? {
        guard result == nil else { return nil }
        return [stageDeadline, totalDeadline].compactMap(\.self).min { $0.moment < $1.moment }
    }

    /// Of the part that is on its way now. Waiting for a slow reader is nobody's fault and has no deadline.
    private var stageDeadline: Deadline? {
        if headContinuation != nil {
            return Deadline(
                moment: began + request.headerTimeout,
                error: HTTPError(
                    .timedOut,
                    message: "\(name): no answer came within \(request.headerTimeout.words)."))
        }
        guard let idle = request.idleTimeout, !isReceivingPaused else { return nil }
        return Deadline(
            moment: lastActivity + idle,
            error: HTTPError(.timedOut, message: "\(name): the answer stood still for \(idle.words)."))
    }

    /// Of the whole: one that trickles keeps every other deadline away for ever.
    private var totalDeadline: Deadline? {
        guard let total = request.totalTimeout else { return nil }
        return Deadline(
            moment: began + total,
            error: HTTPError(.timedOut, message: "\(name): the answer was not whole within \(total.words)."))
    }

    // MARK: The end

    /// Tells everybody who waits that the transfer has ended. Bytes that have come can still be read after a success.
    func finish(with end: Result<Void, HTTPError>) {
        guard result == nil else { return }
        let final: Result<Void, any Error> =
            switch end {
            case .success where headContinuation != nil:
                .failure(HTTPError.broken(name, "the connection ended before the answer's headers"))
            case .success: .success(())
            case .failure(let error): .failure(callbackError ?? error)
            }
        result = final
        pump?.cancel()
        writer?.resume(throwing: CancellationError())
        writer = nil
        if case .failure(let error) = final {
            headContinuation?.resume(throwing: error)
            headContinuation = nil
        }
        if let reader {
            self.reader = nil
            read(reader)
        }
    }

    /// The error for curl's code, in words that name the request without its credentials.
    func error(for code: CURLcode) -> HTTPError { options.error(for: code, request: request) }

    // MARK: The answer's body

    func read(_ reader: CheckedContinuation<[UInt8]?, any Error>) {
        if !received.isEmpty {
            let chunk = received
            received = []
            reader.resume(returning: chunk)
            if isReceivingPaused {
                isReceivingPaused = false
                lastActivity = .now
                applyPauses()
            }
            return
        }
        switch result {
        case .success: reader.resume(returning: nil)
        case .failure(let error): reader.resume(throwing: error)
        case nil:
            // A stream has one reader; a second at once would be left waiting for ever.
            self.reader?.resume(throwing: HTTPError(.invalidRequest, message: "\(name): the body has two readers."))
            self.reader = reader
        }
    }

    /// Takes bytes from curl, or asks it to hold them back.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        if let reader {
            self.reader = nil
            lastActivity = .now
            reader.resume(returning: Array(bytes))
        } else {
            guard received.isEmpty || received.count + bytes.count <= request.window else {
                isReceivingPaused = true
                return Int(CURL_WRITEFUNC_PAUSE)
            }
            lastActivity = .now
            received += bytes
        }
        return bytes.count
    }

    // MARK: The answer's headers

    /// Takes one line of headers, its line end included.
    func receiveHeader(_ line: UnsafeRawBufferPointer) -> Int {
        // After the head these are a chunked body's trailers.
        guard headContinuation != nil else { return line.count }
        headerBytes += line.count
        guard headerBytes <= request.headerLimit else {
            callbackError = HTTPError(
                .tooLarge, message: "\(name): the answer's headers are longer than \(request.headerLimit) bytes.")
            return 0
        }
        let text = String(decoding: line, as: UTF8.self).prefix { $0 != "\r\n" && $0 != "\n" && $0 != "\r" }
        if text.hasPrefix("HTTP/") {
            let status = text.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) }
            head = ResponseHead(status: status ?? 0, headers: HTTPHeaders())
        } else if text.isEmpty {
            // A 1xx only announces the real answer.
            guard head.status >= 200 || head.status == 101 else { return line.count }
            lastActivity = .now
            headContinuation?.resume(returning: head)
            headContinuation = nil
        } else if let colon = text.firstIndex(of: ":") {
            let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
            let value = text[text.index(after: colon)...].drop(while: blank)
            let end = value.lastIndex { !blank($0) }.map { value.index(after: $0) } ?? value.startIndex
            head.headers.fields.append((String(text[..<colon]), String(value[..<end])))
        }
        return line.count
    }

    // MARK: The request's body

    func upload(_ chunk: [UInt8], _ writer: CheckedContinuation<Void, any Error>) {
        guard result == nil else { return writer.resume(throwing: CancellationError()) }
        if sentOfFirst == toSend.count {
            toSend = chunk
            sentOfFirst = 0
        } else {
            toSend += chunk
        }
        if toSend.count - sentOfFirst < request.window {
            writer.resume()
        } else {
            self.writer = writer
        }
        resumeSending()
    }

    func endUpload(_ error: (any Error)?) {
        isUploadWhole = true
        if let error { callbackError = error }
        resumeSending()
    }

    /// Fills curl's buffer with what there is of the request's body.
    func send(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        if callbackError != nil { return Int(CURL_READFUNC_ABORT) }
        let count = min(buffer.count, toSend.count - sentOfFirst)
        if count == 0 {
            if isUploadWhole { return 0 }
            isSendingPaused = true
            return Int(CURL_READFUNC_PAUSE)
        }
        toSend.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[sentOfFirst..<sentOfFirst + count])) }
        sentOfFirst += count
        lastActivity = .now
        if let writer, toSend.count - sentOfFirst < request.window {
            self.writer = nil
            writer.resume()
        }
        return count
    }

    private func resumeSending() {
        guard isSendingPaused, result == nil else { return }
        isSendingPaused = false
        applyPauses()
    }

    /// Tells curl which directions stand still. It may call back into this object before it returns.
    private func applyPauses() {
        guard result == nil else { return }
        let receiving = isReceivingPaused ? CURLPAUSE_RECV : CURLPAUSE_RECV_CONT
        let sending = isSendingPaused ? CURLPAUSE_SEND : CURLPAUSE_SEND_CONT
        curl_easy_pause(easy, receiving | sending)
    }
}
