import NIOConcurrencyHelpers

/// Which containers somebody has asked to stop, so that a stop that comes before the start is not lost.
///
/// A container is forgotten when it is destroyed, or when its run is over.
final class RunRegister: Sendable {
    private let stopRequested = NIOLockedValueBox<Set<String>>([])

    func requestStop(_ id: String) { stopRequested.withLockedValue { _ = $0.insert(id) } }

    func isStopRequested(_ id: String) -> Bool { stopRequested.withLockedValue { $0.contains(id) } }

    func forget(_ id: String) { stopRequested.withLockedValue { _ = $0.remove(id) } }
}
