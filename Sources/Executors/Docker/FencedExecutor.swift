import NIOConcurrencyHelpers
import PipelineModel

/// An executor that is ready only while the fence around its jobs stands.
///
/// A firewall that is loaded anew, or an engine that starts later, takes the fence down: so it is looked at before jobs
/// are begun, and put up again where it does not stand.
public struct FencedExecutor: Executor {
    private let base: any Executor
    private let fence: NetworkFence
    private let onObstacle: @Sendable (FenceState) -> Void
    private let allowsUnfenced: Bool
    private let now: @Sendable () -> Duration
    private let seenStanding = NIOLockedValueBox<Duration?>(nil)
    /// What containers may reach of this machine. The fence is renewed with all of it.
    private let openings = NIOLockedValueBox<[LeaseKey: FenceOpening]>([:])
    private let turns = Turns()

    /// For how long a fence that was seen standing is taken to stand.
    private static let patience = Duration.seconds(15)

    /// Puts a fence around an executor's jobs.
    /// - Parameters:
    ///   - allowsUnfenced: whether an administrator lets jobs run where the fence cannot be put up.
    ///   - now: a clock that only goes forward.
    ///   - onObstacle: told each time that the fence does not stand and cannot be put up.
    public init(
        _ base: any Executor, fence: NetworkFence, allowsUnfenced: Bool, now: @escaping @Sendable () -> Duration,
        onObstacle: @escaping @Sendable (FenceState) -> Void = { _ in }
    ) {
        self.base = base
        self.fence = fence
        self.allowsUnfenced = allowsUnfenced
        self.now = now
        self.onObstacle = onObstacle
    }

    /// Looks whether containers can be made now, and puts the fence up where it does not stand.
    /// - Throws: `ExecutorError` with code `refused` where it does not stand and has to.
    public func readiness() async throws -> ExecutorReadiness {
        try await checkFence()
        return try await base.readiness()
    }

    /// Whether the fence stands that the next job would be behind. Where it does not, it is put up now.
    public func fenceState() async -> FenceState {
        let state = await fence.state()
        return state == .up ? state : await renewFence()
    }

    private func renewFence() async -> FenceState {
        // One after the other: two at once could end with the rules of the one that knew less.
        await turns.take { await fence.putUp(openings: openings.withLockedValue { Array($0.values) }) }
    }

    private func checkFence() async throws {
        let now = now()
        let seen = seenStanding.withLockedValue { $0 }
        if let seen, now - seen < Self.patience { return }
        // At the first look it is renewed in any case: an earlier process may have left openings in it.
        let state = seen == nil ? await renewFence() : await fenceState()
        seenStanding.withLockedValue { $0 = state == .up ? now : nil }
        guard state != .up else { return }
        onObstacle(state)
        guard allowsUnfenced else {
            throw ExecutorError(
                .refused,
                message: "The fence around job networks does not stand: \(state).  Mend that, or set "
                    + "runner.allow-unfenced: true and let jobs reach this machine's ports")
        }
    }

    /// Takes the fence down where no job of this runner is left behind it, so that nothing of Pawl stays in the packet
    /// filter.
    public func takeDownFence() async throws {
        guard try await base.leftovers().isEmpty else { return }
        seenStanding.withLockedValue { $0 = nil }
        try await fence.takeDown()
    }

    /// As the executor within.
    public func create(_ specification: ContainerSpecification) async throws -> ContainerHandle {
        try await base.create(specification)
    }

    /// As the executor within.
    public func run(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit { try await base.run(container, output: output) }

    /// As the executor within.
    public func follow(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit? { try await base.follow(container, output: output) }

    /// As the executor within.
    public func stop(_ container: ContainerHandle, grace: Duration) async throws {
        try await base.stop(container, grace: grace)
    }

    /// As the executor within.
    public func doorway(of container: ContainerHandle) async throws -> Doorway? {
        try await base.doorway(of: container)
    }

    /// Makes an opening in the fence, from the container's network to this port at this address.
    /// - Throws: `ExecutorError` where the fence cannot be renewed, and so keeps the container out.
    public func open(_ port: Int, at doorway: Doorway, to container: ContainerHandle) async throws {
        try await base.open(port, at: doorway, to: container)
        guard let opening = FenceOpening(port, at: doorway) else {
            throw ExecutorError(.engineFailed, message: "\(doorway.address) is not an address in \(doorway.network).")
        }
        openings.withLockedValue { $0[container.labels.key] = opening }
        switch await renewFence() {
        case .up: return
        // Nobody has put a fence up that would keep it out.
        case .unavailable where allowsUnfenced: return
        case let state:
            await close(container)
            throw ExecutorError(.engineFailed, message: "The fence does not let the job through: \(state).")
        }
    }

    private func close(_ container: ContainerHandle) async {
        guard openings.withLockedValue({ $0.removeValue(forKey: container.labels.key) }) != nil else { return }
        _ = await renewFence()
    }

    /// As the executor within; what was open to the container is closed.
    public func remove(_ container: ContainerHandle) async throws {
        try await base.remove(container)
        await close(container)
    }

    /// As the executor within; what was open to the container is closed.
    public func destroy(_ container: ContainerHandle) async throws {
        try await base.destroy(container)
        await close(container)
    }

    /// As the executor within.
    public func written(by container: ContainerHandle) async throws -> ByteCount? {
        try await base.written(by: container)
    }

    /// As the executor within.
    public func leftovers() async throws -> [ContainerHandle] { try await base.leftovers() }
}

/// Work that is done one piece after the other, in the order in which it was asked for.
private actor Turns {
    private var last: Task<Void, Never>?

    /// Does work when what was asked for before is done.
    func take<Result: Sendable>(_ work: @escaping @Sendable () async -> Result) async -> Result {
        let before = last
        let task = Task {
            await before?.value
            return await work()
        }
        last = Task { _ = await task.value }
        return await task.value
    }
}
