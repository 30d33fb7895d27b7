import PipelineModel

/// What a request's headers claim: codes one of which has to be the body's, and what is signed before the body.
struct SignatureClaim {
    let codes: [[UInt8]]
    let prefix: [UInt8]

    /// How far a signed timestamp may be from now, in seconds, either way and inclusive: what the reference libraries
    /// of Standard Webhooks take.
    static let tolerance: Int64 = 300

    /// Whether a header's value is a time in whole Unix seconds, close enough to now.
    static func isRecent(_ timestamp: String, now: Timestamp) -> Bool {
        guard (1...12).contains(timestamp.utf8.count),
            timestamp.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let seconds = Int64(timestamp)
        else { return false }
        return abs(now.milliseconds / 1_000 - seconds) <= tolerance
    }

    static let notRecent = WebhookVerdict.Refusal.wrong(
        "The request's timestamp is no Unix time within five minutes of this server's clock. It is a replay, or a "
            + "clock is wrong.")
}
