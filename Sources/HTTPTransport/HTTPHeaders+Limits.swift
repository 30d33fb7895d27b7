/// What an answer's headers say about when to ask again. Everybody who waits for a server reads them here.
extension HTTPHeaders {
    /// What `Retry-After` asks for at a moment in seconds since 1970: whole seconds, or the time to a date (RFC 9110,
    /// 10.2.3), nothing where the date is past. Nil where there is no such header, or it is neither.
    public func retryAfter(at secondsSince1970: Double) -> Duration? {
        guard let value = self["Retry-After"] else { return nil }
        if let seconds = Int64(value) { return seconds >= 0 ? .seconds(min(seconds, Self.latest)) : nil }
        guard let moment = HTTPDate.secondsSince1970(value) else { return nil }
        return max(.zero, .milliseconds(Int64((moment - secondsSince1970) * 1_000)))
    }

    /// Whether nothing is left of a limit that the server counts: GitHub's and GitLab's headers.
    public var isLimitSpent: Bool { self["X-RateLimit-Remaining"] == "0" || self["RateLimit-Remaining"] == "0" }

    /// The time from a moment in seconds since 1970 to the one when a counted limit begins anew. Not positive where that
    /// is past, as it seems to be to one whose clock is ahead of the server's. Nil where the headers do not say.
    public func limitReset(at secondsSince1970: Double) -> Duration? {
        guard let value = self["X-RateLimit-Reset"] ?? self["RateLimit-Reset"], let reset = Int64(value),
            (0...Self.latest).contains(reset)
        else { return nil }
        return .milliseconds(Int64((Double(reset) - secondsSince1970) * 1_000))
    }

    /// No number of seconds that is meant is larger; one that is would overflow what is reckoned with it.
    private static let latest: Int64 = 1 << 40
}
