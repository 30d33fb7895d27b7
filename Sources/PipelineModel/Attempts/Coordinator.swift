/// What a runner speaks to: the server's own in process, or one over HTTP.
///
/// The life of an attempt: `claim` waits for work and hands it out; `acknowledge` says that it will be started and
/// brings all that is needed; `heartbeat` renews the lease for as long as it lasts; `append` and `store` bring what
/// the job leaves; `complete` ends it. Before any of it is acknowledged nothing may start. Every call after `claim`
/// carries the lease, and throws `CoordinatorError.leaseLost` when it is another's: the runner then destroys its
/// containers and writes nothing more. `complete` and `append` may be repeated with the same content.
public protocol Coordinator: Sendable {
    /// Waits until a job is there for this runner, and hands it out. Ends with nil when the task is cancelled or the
    /// server stops handing out.
    func claim(_ request: ClaimRequest) async throws -> Claim?

    /// Says that the runner will start the job now, and takes everything it needs.
    func acknowledge(_ key: LeaseKey) async throws -> Assignment

    /// Renews the lease, and hears whether to go on.
    func heartbeat(_ key: LeaseKey) async throws -> HeartbeatAnswer

    /// Returns as soon as somebody wants the attempt to stop, or it is not the runner's any more; else stays until the
    /// task is cancelled. It may be lost: the next heartbeat says it for sure.
    func untilStopIsWanted(_ key: LeaseKey) async

    /// Adds masked bytes to the attempt's log at an offset; bytes that are there already are skipped.
    /// - Returns: the offset up to which the log is stored now.
    func append(_ bytes: [UInt8], at offset: Int64, to key: LeaseKey) async throws -> Int64

    /// Keeps an archive of files, and ties it to the attempt. The bytes must have the hash and size it names.
    func store(
        _ artifact: ArtifactReference, content: AsyncThrowingStream<[UInt8], any Error>, for key: LeaseKey) async throws

    /// Keeps what the job has saved of its work, in place of what was kept of it before: the next attempt at the job gets
    /// it. The bytes must have the hash and size that the reference names, and count only once they are all there.
    func storeCheckpoint(
        _ artifact: ArtifactReference, content: AsyncThrowingStream<[UInt8], any Error>, for key: LeaseKey) async throws

    /// Streams an artifact or a checkpoint that the assignment named.
    func artifact(_ sha256: String, for key: LeaseKey) async throws -> AsyncThrowingStream<[UInt8], any Error>

    /// Ends the attempt. Idempotent by job, attempt and epoch.
    func complete(_ key: LeaseKey, with result: AttemptResult) async throws

    /// Gives the attempt back unspent, because the runner stops.
    func giveBack(_ key: LeaseKey, because reason: String) async throws

    /// Says that the runner has nothing more to say of an attempt. Asks nobody.
    func dismiss(_ key: LeaseKey)

    /// The attempts that earlier processes of this runner had in hand, as far as that is kept. Asks nobody.
    var inHand: Set<LeaseKey> { get }

    /// Says, before the first claim, that of all attempts of earlier processes these are in hand. Asks nobody.
    func dismissAll(but keys: Set<LeaseKey>)
}

extension Coordinator {
    /// Does nothing: not every coordinator keeps something for an attempt.
    public func dismiss(_ key: LeaseKey) {}

    /// None: what it has is known where the leases are.
    public var inHand: Set<LeaseKey> { [] }

    /// Does nothing.
    public func dismissAll(but keys: Set<LeaseKey>) {}
}

extension Coordinator {
    /// Keeps none.
    public func storeCheckpoint(
        _ artifact: ArtifactReference, content: AsyncThrowingStream<[UInt8], any Error>, for key: LeaseKey
    ) async throws {
        throw CoordinatorError.refused("this server keeps no checkpoints")
    }

    /// Hears nothing between heartbeats.
    public func untilStopIsWanted(_ key: LeaseKey) async {
        let (never, keepOpen) = AsyncStream.makeStream(of: Never.self)
        for await _ in never {}
        keepOpen.finish()
    }
}

/// What a runner says of itself when it asks for work. Who it is, and what it may take, the server knows.
public struct ClaimRequest: Hashable, Codable, Sendable {
    /// What its machine has now.
    public var inventory: RunnerInventory
    /// Its version of Pawl.
    public var version: String

    /// Asks for work.
    public init(inventory: RunnerInventory = .init(), version: String) {
        self.inventory = inventory
        self.version = version
    }
}

/// Why a coordinator refused a call.
public enum CoordinatorError: Error, Hashable, CustomStringConvertible {
    /// The lease is another's, or the attempt has ended differently.
    case leaseLost
    /// What was sent is wrong, and sending it again does not help.
    case refused(String)
    /// The server cannot do it now; try again.
    case unavailable(String)
    /// The runner is to take nothing more, and to end when it has nothing in hand: it was removed or drained, or has had
    /// the one job that it joined for. Only a runner on its own hears it, when it asks for work.
    case gone(String)

    /// One readable line.
    public var description: String {
        switch self {
        case .leaseLost: "the lease of this attempt has ended"
        case .refused(let reason): "refused: \(reason)"
        case .unavailable(let reason): "not now: \(reason)"
        case .gone(let reason): "not needed any more: \(reason)"
        }
    }
}
