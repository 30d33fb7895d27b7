import PipelineModel

/// What starts containers for a runner.
///
/// The life of one job: `create` makes the network and the container and brings the image, and nothing of the job runs
/// yet, so that the workspace can be prepared meanwhile; `run` starts it, streams its output and waits for its end;
/// `stop` may be called at any time and makes `run` return; `remove` may be called before `destroy`, which removes everything,
/// may be called twice, and is called whatever happened before. After a crash `leftovers` names what an earlier process left, for `follow` or
/// `destroy`. All calls may be made from any task; those for one container are `create`, then at most one `run`, and in
/// each later process at most one `follow`.
public protocol Executor: Sendable {
    /// Brings the image and makes the container, stopped.
    /// - Throws: `ExecutorError`: `imageUnavailable` where the image cannot be had, `refused` where the engine says the
    ///   request is wrong, `engineUnavailable` where it does not answer, `engineFailed` where it could not.
    func create(_ specification: ContainerSpecification) async throws -> ContainerHandle

    /// Starts the container, hands its output over as it comes, and returns when it has ended and all output was taken.
    /// A slow `output` slows the container's writing down; nothing is dropped here.
    func run(_ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void)
        async throws -> ContainerExit

    /// Goes on with a container that an earlier process started: hands its output over from the first byte that is kept,
    /// and returns when it has ended, perhaps long ago.
    /// - Returns: how it ended; nil where it was never started.
    func follow(_ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void)
        async throws -> ContainerExit?

    /// Asks the container to end, and ends it by force after the grace period.
    func stop(_ container: ContainerHandle, grace: Duration) async throws

    /// Removes the container itself, by force if it runs: nothing of the job runs any more, and its devices are free. What
    /// else was made for it stays for `destroy`. What is gone already is no error.
    func remove(_ container: ContainerHandle) async throws

    /// Removes the container, by force if it runs, and its network. What is gone already is no error.
    func destroy(_ container: ContainerHandle) async throws

    /// How much of the disk a container has taken with what it has written outside its mounts; nil where that cannot be
    /// told.
    func written(by container: ContainerHandle) async throws -> ByteCount?

    /// Where the container finds this machine, from `create` on; nil where there is no such place.
    func doorway(of container: ContainerHandle) async throws -> Doorway?

    /// Lets the container, and nobody else, reach a port of this machine at its doorway, until it is removed or destroyed.
    func open(_ port: Int, at doorway: Doorway, to container: ContainerHandle) async throws

    /// Everything with Pawl's labels of this instance that exists now.
    func leftovers() async throws -> [ContainerHandle]

    /// Looks whether containers can be made now.
    /// - Throws: `ExecutorError`, whose message says what is in the way.
    func readiness() async throws -> ExecutorReadiness
}

/// What an executor says of itself when it is ready.
public struct ExecutorReadiness: Hashable, Sendable {
    /// Folders of this machine that images and containers fill.
    public var storageFolders: [String]

    /// Is ready.
    public init(storageFolders: [String] = []) { self.storageFolders = storageFolders }
}

extension Executor {
    /// Has nothing that outlives its process.
    public func follow(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit? { nil }

    /// Has nothing but the container.
    public func remove(_ container: ContainerHandle) async throws { try await destroy(container) }

    /// Cannot tell.
    public func written(by container: ContainerHandle) async throws -> ByteCount? { nil }

    /// Is ready, and fills no folder.
    public func readiness() async throws -> ExecutorReadiness { ExecutorReadiness() }
}

/// What a container is made of. There is no way to name a capability, a host namespace or an engine option: executors
/// build those from this list alone.
public struct ContainerSpecification: Sendable {
    /// The labels that say whose it is.
    public var labels: ContainerLabels
    /// The image reference, variables expanded.
    public var image: String
    /// Replaces the image's entrypoint; nil keeps it.
    public var entrypoint: [String]?
    /// Whom it runs as; nil means as the image says.
    public var user: String?
    /// Which of an image's platforms it runs; nil means the engine's own.
    public var platform: String?
    /// The arguments; passed as data, never through a shell of ours.
    public var command: [String]
    /// The container's environment. Never holds a secret.
    public var environment: [(name: String, value: String)]
    /// The working folder in the container.
    public var workingDirectory: String
    /// Folders of the host that are seen in the container.
    public var mounts: [Mount]
    /// What it may use.
    public var limits: JobLimits
    /// The GPUs that it has for itself, by their own names. It sees no others.
    public var gpus: [String]
    /// Whether the engine brings those devices into the container. Without it the container is only told their names, as
    /// where an administrator has declared devices that the engine knows nothing of.
    public var bringsDevices: Bool
    /// When the image is pulled: each way is tried in turn, until one has brought it.
    public var pullPolicies: [PlannedJob.PullPolicy]
    /// Logins, of which the one for the image's registry is sent.
    public var registryLogins: [RegistryLogin]
    /// Whether it has a network of its own, or none at all.
    public var network: Network

    /// A folder of the host that is seen in the container.
    public struct Mount: Hashable, Sendable {
        /// The absolute path on the host.
        public var source: String
        /// The absolute path in the container.
        public var target: String
        /// Whether the container cannot write to it.
        public var isReadOnly: Bool

        /// Describes a mount.
        public init(source: String, target: String, isReadOnly: Bool) {
            self.source = source
            self.target = target
            self.isReadOnly = isReadOnly
        }
    }

    /// What a container can reach.
    public enum Network: Hashable, Sendable {
        /// A network of its own that leads outside, but not to the host, its private services or other jobs.
        case own
        /// Nothing.
        case none
    }

    /// Collects a specification; the rest has defaults.
    public init(
        labels: ContainerLabels, image: String, command: [String], workingDirectory: String, limits: JobLimits,
        environment: [(name: String, value: String)] = [], entrypoint: [String]? = nil, mounts: [Mount] = [],
        pullPolicies: [PlannedJob.PullPolicy] = [.ifNotPresent], registryLogins: [RegistryLogin] = [],
        network: Network = .own, gpus: [String] = [], bringsDevices: Bool = true
    ) {
        self.labels = labels
        self.image = image
        self.entrypoint = entrypoint
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.mounts = mounts
        self.limits = limits
        self.pullPolicies = pullPolicies
        self.registryLogins = registryLogins
        self.network = network
        self.gpus = gpus
        self.bringsDevices = bringsDevices
    }
}

/// Whose a container, network or workspace is.
public struct ContainerLabels: Hashable, Sendable {
    /// The instance of Pawl: the runner's own id, so that two on one engine leave each other alone.
    public var instance: String
    /// The lease it was made under.
    public var key: LeaseKey

    /// Names an owner.
    public init(instance: String, key: LeaseKey) {
        self.instance = instance
        self.key = key
    }
}

/// A container that an executor made.
public struct ContainerHandle: Hashable, Sendable {
    /// The executor's own name for it.
    public var id: String
    /// The executor's own name for its network; nil where it has none.
    public var networkID: String?
    /// Whose it is.
    public var labels: ContainerLabels
    /// The image's id as the engine resolved it, such as `sha256:…`.
    public var imageID: String?

    /// Names a container.
    public init(id: String, networkID: String? = nil, labels: ContainerLabels, imageID: String? = nil) {
        self.id = id
        self.networkID = networkID
        self.labels = labels
        self.imageID = imageID
    }
}

/// A piece of a container's output.
public struct ContainerOutput: Hashable, Sendable {
    /// Which of its two streams it came from.
    public enum Stream: Sendable { case standardOutput, standardError }

    /// Which stream.
    public var stream: Stream
    /// The bytes as written.
    public var bytes: [UInt8]

    /// Wraps a piece.
    public init(_ stream: Stream, _ bytes: [UInt8]) {
        self.stream = stream
        self.bytes = bytes
    }
}

/// How a container ended.
public struct ContainerExit: Hashable, Sendable {
    /// Its exit code.
    public var code: Int
    /// Whether the kernel ended it for want of memory.
    public var isOutOfMemory: Bool
    /// When it was started, as the engine recorded it.
    public var startedAt: Timestamp?
    /// When it ended, as the engine recorded it.
    public var finishedAt: Timestamp?
    /// Whether the last output may be missing, because the container ended while the engine was down.
    public var mayLackOutput: Bool
    /// What it used; nil where that could not be measured.
    public var usage: ContainerUsage?

    /// Describes an end.
    public init(
        code: Int, isOutOfMemory: Bool = false, startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil,
        mayLackOutput: Bool = false, usage: ContainerUsage? = nil
    ) {
        self.code = code
        self.isOutOfMemory = isOutOfMemory
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.mayLackOutput = mayLackOutput
        self.usage = usage
    }
}

/// What a container used, as the kernel counted it shortly before its end.
public struct ContainerUsage: Hashable, Sendable {
    /// Processor time, all processors together.
    public var cpu: Duration
    /// The most memory it had at once, file cache included; nil where the kernel does not count it.
    public var peakMemory: ByteCount?

    /// Counts what was used.
    public init(cpu: Duration, peakMemory: ByteCount? = nil) {
        self.cpu = cpu
        self.peakMemory = peakMemory
    }
}

/// Why an executor could not do what was asked. A script that fails is not an error: it is a `ContainerExit`.
public struct ExecutorError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong.
    public struct Code: Hashable, Sendable {
        private enum Kind { case imageUnavailable, refused, engineUnavailable, engineFailed }
        private let kind: Kind

        /// The image is not there and could not be pulled.
        public static let imageUnavailable = Code(kind: .imageUnavailable)
        /// The engine says that the request is wrong; trying again does not help.
        public static let refused = Code(kind: .refused)
        /// The engine does not answer. It may when it is back.
        public static let engineUnavailable = Code(kind: .engineUnavailable)
        /// The engine answers, and failed at its own work.
        public static let engineFailed = Code(kind: .engineFailed)
    }

    /// What kind of thing went wrong.
    public var code: Code
    /// What went wrong and what to do.
    public var message: String
    /// The error underneath, where there is one.
    public var cause: (any Error)?

    /// Describes what went wrong.
    public init(_ code: Code, message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The message.
    public var description: String { message }
}
