extension HTTPError {
    /// The caller went away, or the client was shut down.
    static func cancelled(_ name: String) -> HTTPError {
        HTTPError(.cancelled, message: "\(name): the request was cancelled.")
    }

    /// The connection broke in the middle.
    static func broken(_ name: String, _ reason: String) -> HTTPError {
        HTTPError(.broken, message: "\(name): the transfer broke: \(reason).")
    }
}

extension Duration {
    /// The duration in an error text.
    var words: String {
        let (seconds, attoseconds) = components
        return seconds > 0 && attoseconds == 0 ? "\(seconds) s" : "\(Int64(self / .milliseconds(1))) ms"
    }
}
