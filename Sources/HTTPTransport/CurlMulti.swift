import CLibcurl

/// All transfers of a client, on the client's thread.
///
/// Not sendable: `CurlThread` makes it on its thread and lends it to the work it runs there.
final class CurlMulti {
    /// The most that the thread sleeps without a reason to wake.
    private static let longestSleep = Duration.seconds(60)

    let handle: UnsafeMutableRawPointer
    private var transfers: [UInt64: Transfer] = [:]

    init() {
        guard let handle = curl_multi_init() else { fatalError("libcurl has no memory for its first handle") }
        self.handle = handle
    }

    /// Ends every transfer and frees the connections.
    func close() {
        for id in transfers.keys { end(id) }
        curl_multi_cleanup(handle)
    }

    // MARK: What callers ask for

    /// Begins a transfer whose head goes to the continuation.
    func start(
        _ id: UInt64, _ request: PreparedRequest, pump: UploadPump?,
        head: CheckedContinuation<ResponseHead, any Error>
    ) {
        do {
            let transfer = try Transfer(request, pump: pump, head: head)
            let code = curl_multi_add_handle(handle, transfer.easy)
            guard code == CURLM_OK else {
                transfer.finish(with: .failure(.broken(request.name, String(cString: curl_multi_strerror(code)))))
                return
            }
            transfers[id] = transfer
        } catch {
            pump?.cancel()
            head.resume(throwing: error)
        }
    }

    /// Gives the next piece of a body as soon as there is one.
    func read(_ id: UInt64, name: String, _ reader: CheckedContinuation<[UInt8]?, any Error>) {
        guard let transfer = transfers[id] else { return reader.resume(throwing: HTTPError.cancelled(name)) }
        transfer.read(reader)
    }

    /// Takes a piece of a request's body, and resumes the writer when there is room for the next.
    func upload(_ chunk: [UInt8], to id: UInt64, _ writer: CheckedContinuation<Void, any Error>) {
        guard let transfer = transfers[id] else { return writer.resume(throwing: CancellationError()) }
        transfer.upload(chunk, writer)
    }

    /// Says that a request's body is whole, or why it will never be.
    func endUpload(of id: UInt64, error: (any Error)?) { transfers[id]?.endUpload(error) }

    /// Ends a transfer, whatever it is doing, and forgets it. One that has ended or never began is left alone.
    func end(_ id: UInt64) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        detach(transfer)
        transfer.finish(with: .failure(.cancelled(transfer.name)))
    }

    // MARK: The thread's turn

    /// Moves all transfers on as far as they go without waiting.
    func perform() {
        var running: Int32 = 0
        curl_multi_perform(handle, &running)
        var left: Int32 = 0
        while let message = curl_multi_info_read(handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let context = pawl_curl_context(easy)
            else { continue }
            let result = pawl_curl_result(message)
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            detach(transfer)
            transfer.finish(with: result == CURLE_OK ? .success(()) : .failure(transfer.error(for: result)))
        }
        let now = ContinuousClock.now
        for transfer in transfers.values {
            guard let deadline = transfer.deadline, deadline.moment <= now else { continue }
            detach(transfer)
            transfer.finish(with: .failure(deadline.error))
        }
    }

    /// Sleeps until a socket is ready, a deadline comes, or somebody wakes the thread.
    func sleep() {
        let now = ContinuousClock.now
        let next = transfers.values.compactMap { $0.deadline?.moment }.min().map { $0 - now } ?? Self.longestSleep
        let wait = min(max(next, .zero), Self.longestSleep)
        // Rounded up: waking a fraction of a millisecond early would spin.
        let milliseconds = wait.components.seconds * 1_000 + wait.components.attoseconds / 1_000_000_000_000_000 + 1
        curl_multi_poll(handle, nil, 0, Int32(milliseconds), nil)
    }

    private func detach(_ transfer: Transfer) { curl_multi_remove_handle(handle, transfer.easy) }
}
