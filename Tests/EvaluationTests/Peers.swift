import TestSupport
import Testing

extension Trait where Self == ConditionTrait {
    /// Skips where the Python is not there.
    static var needsPeers: Self { .enabled(if: Peers.isThere, "\(Peers.absence)") }
}
