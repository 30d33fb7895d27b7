import NIOConcurrencyHelpers
import PipelineModel

/// Slows down whoever tries wrong tokens, by address: ten at once, then one every six seconds.
///
/// Good tokens cost nothing, and are taken even from an address that guesses, once it has waited. The number of
/// addresses kept is bounded: past it, those whose allowance is whole again are forgotten, and then the oldest.
final class BadTokenLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: Timestamp
    }

    private let burst = 10.0
    private let millisecondsEach = 6_000.0
    private let addressLimit: Int
    private let buckets = NIOLockedValueBox<[String: Bucket]>([:])

    init(addressLimit: Int = 10_000) { self.addressLimit = addressLimit }

    /// How long an address has to wait before it may show a token; nil when it may now.
    func wait(for address: String, now: Timestamp) -> Duration? {
        buckets.withLockedValue { buckets in
            guard let bucket = buckets[address] else { return nil }
            let tokens = refilled(bucket, now: now).tokens
            return tokens >= 1 ? nil : .milliseconds(Int64((1 - tokens) * millisecondsEach) + 1)
        }
    }

    /// Counts a wrong token.
    func countWrong(from address: String, now: Timestamp) {
        buckets.withLockedValue { buckets in
            if buckets[address] == nil, buckets.count >= addressLimit { makeRoom(in: &buckets, now: now) }
            var bucket = refilled(buckets[address] ?? Bucket(tokens: burst, at: now), now: now)
            bucket.tokens = max(0, bucket.tokens - 1)
            buckets[address] = bucket
        }
    }

    private func refilled(_ bucket: Bucket, now: Timestamp) -> Bucket {
        let passed = Double(max(0, now.milliseconds - bucket.at.milliseconds))
        return Bucket(tokens: min(burst, bucket.tokens + passed / millisecondsEach), at: now)
    }

    private func makeRoom(in buckets: inout [String: Bucket], now: Timestamp) {
        buckets = buckets.filter { refilled($0.value, now: now).tokens < burst }
        if buckets.count >= addressLimit, let oldest = buckets.min(by: { $0.value.at < $1.value.at })?.key {
            buckets.removeValue(forKey: oldest)
        }
    }
}
