import CLibcurl
import Foundation
import NIOConcurrencyHelpers

/// The one thread on which a client's curl handles live.
///
/// Work is handed over with `run` and gets the `CurlMulti` as an argument: that is the only way to it, so nothing of
/// curl is touched from elsewhere. The thread sleeps in `curl_multi_poll` and is woken by `curl_multi_wakeup`.
final class CurlThread: Sendable {
    typealias Work = @Sendable (CurlMulti) -> Void

    private struct State {
        var pending: [Work] = []
        var isStopped = false
        /// Set while the thread may be asleep in it. Held under the lock, so that no wake-up meets a freed handle.
        var wakeable: WakeableMulti?
    }

    private let state = NIOLockedValueBox(State())

    /// libcurl's global state is made once for the process, before any thread of ours uses it.
    private static let global: CURLcode = curl_global_init(Int(CURL_GLOBAL_ALL))

    init() {
        _ = Self.global
        let state = state
        let thread = Thread { Self.loop(state) }
        thread.name = "pawl-http"
        thread.start()
    }

    /// Runs work on the thread, in the order of the calls.
    /// - Returns: false when the thread has been stopped; the work is then never run.
    @discardableResult
    func run(_ work: @escaping Work) -> Bool {
        state.withLockedValue { state in
            guard !state.isStopped else { return false }
            state.pending.append(work)
            if state.pending.count == 1 { state.wakeable?.wake() }
            return true
        }
    }

    /// Takes no more work; what is there is still run, then every transfer is ended and the thread with them.
    func stop() {
        state.withLockedValue { state in
            state.isStopped = true
            state.wakeable?.wake()
        }
    }

    private static func loop(_ state: NIOLockedValueBox<State>) {
        let multi = CurlMulti()
        state.withLockedValue { $0.wakeable = WakeableMulti(handle: multi.handle) }
        while true {
            let (work, isStopped) = state.withLockedValue { state in
                (exchange(&state.pending, []), state.isStopped)
            }
            work.forEach { $0(multi) }
            multi.perform()
            if isStopped && work.isEmpty { break }
            let hasWork = state.withLockedValue { !$0.pending.isEmpty || $0.isStopped }
            if !hasWork { multi.sleep() }
        }
        state.withLockedValue { $0.wakeable = nil }
        multi.close()
    }
}

/// The one use of a multi handle that curl allows from another thread.
///
/// Unchecked: the pointer is only passed to `curl_multi_wakeup`, which is made for that, and `CurlThread` keeps this
/// under its lock and takes it away before the handle is freed.
private struct WakeableMulti: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer

    func wake() { curl_multi_wakeup(handle) }
}

private func exchange<Value>(_ place: inout Value, _ new: Value) -> Value {
    let old = place
    place = new
    return old
}
