import Foundation
import HTTPTransport
import Logging
import NIOConcurrencyHelpers
import PipelineModel

/// Runs jobs in containers of a Docker Engine.
///
/// Each job has one container and a bridge network of its own with a small subnet of a configured range. What a
/// container may do is built by `ContainerBody` from an allow-list; what it can reach is limited by `NetworkFence`,
/// which whoever starts the process puts up once. Names are made from the lease, so that a call that was interrupted
/// leaves nothing that `destroy` or `leftovers` would not find.
public struct DockerExecutor: Executor {
    /// What an administrator decides.
    public struct Settings: Sendable {
        /// The label by which this runner's containers are told from others' on the same engine.
        public var instance: String
        /// The range that job networks are cut from, `/28` each.
        public var networks: IPv4Range
        /// How long a run waits for an engine that went away to come back.
        public var enginePatience: Duration
        /// How often a container is looked at whose record is followed, in case an engine that was restarted forgets to
        /// end the stream.
        public var sweepEvery: Duration
        /// Where images that are pulled are written down, so that they can be removed again; nil for nowhere.
        public var pulledImages: PulledImages?

        /// Networks from 10.213.0.0/16, and two minutes for an engine to come back.
        public init(
            instance: String, networks: IPv4Range = .jobNetworks, enginePatience: Duration = .minutes(2),
            sweepEvery: Duration = .seconds(5), pulledImages: PulledImages? = nil
        ) {
            self.instance = instance
            self.networks = networks
            self.enginePatience = enginePatience
            self.sweepEvery = sweepEvery
            self.pulledImages = pulledImages
        }
    }

    /// The engine itself, for what is not about a job.
    public let engine: DockerEngine
    let settings: Settings
    let runs = RunRegister()
    private let subnets: SubnetCursor

    /// The prefix of one job's subnet: 13 addresses for containers beside the gateway.
    static let subnetPrefix = 28

    /// Uses an engine; nothing is sent yet.
    public init(engine: DockerEngine, settings: Settings) {
        self.engine = engine
        self.settings = settings
        subnets = SubnetCursor(range: settings.networks)
    }

    /// Brings the image and makes the network and the container, all at once.
    public func create(_ specification: ContainerSpecification) async throws -> ContainerHandle {
        guard let image = ImageReference(specification.image) else {
            throw ExecutorError(
                .imageUnavailable,
                message: "\"\(specification.image.prefix(200))\" is not the name of an image. Check the job's image.")
        }
        try checkMounts(specification.mounts)
        let labels = specification.labels
        do {
            async let network = makeNetwork(specification)
            async let container = makeContainer(specification, image: image)
            let (networkID, details) = try await (network, container)
            return ContainerHandle(
                id: details.id, networkID: networkID, labels: labels, imageID: details.image)
        } catch {
            // The first error is the one to tell; what cannot be removed now is found by `leftovers`.
            let made = ContainerHandle(id: labels.engineName, networkID: labels.engineName, labels: labels)
            try? await withoutCancellation { try await destroy(made) }
            throw Self.translated(error, doing: "make the container")
        }
    }

    /// Asks the container to end, and ends it by force after the grace period. A run that has not started it yet does
    /// not start it any more.
    public func stop(_ container: ContainerHandle, grace: Duration) async throws {
        runs.requestStop(container.id)
        do {
            try await engine.stop(container.id, grace: grace)
        } catch let refusal as EngineRefusal where refusal.status == 404 {
            // It is gone.
        } catch {
            // An engine that could not stop it within the grace may still be able to end it.
            do { try await engine.kill(container.id) } catch { throw Self.translated(error, doing: "stop a container") }
        }
    }

    /// The gateway of the container's network, which is this machine where the engine's bridges are.
    public func doorway(of container: ContainerHandle) async throws -> Doorway? {
        guard let network = container.networkID else { return nil }
        do {
            return try await engine.doorway(ofNetwork: network)
        } catch {
            throw Self.translated(error, doing: "look at a network")
        }
    }

    // MARK: Making

    private func makeContainer(
        _ specification: ContainerSpecification, image: ImageReference
    ) async throws -> DockerEngine.ContainerDetails {
        let version = try await engine.version()
        let login = RegistryAuthentication.login(for: image, among: specification.registryLogins)
        let name = specification.labels.engineName
        let network = specification.network == .own ? name : "none"
        let body = ContainerBody(specification, image: image, network: network, engine: version)
        var failure: ExecutorError?
        for policy in specification.pullPolicies {
            do {
                let platform = specification.platform
                let id = try await bring(image, by: policy, login: login, platform: platform) {
                    try await makeOnce(body, name: name, platform: platform)
                }
                let details = try await engine.container(id)
                try await settings.pulledImages?.noteUse(of: details.image)
                return details
            } catch let error as ExecutorError where error.code == .imageUnavailable {
                failure = failure ?? error
            }
        }
        throw failure
            ?? ExecutorError(.imageUnavailable, message: "The image \(image) has no pull policy. Name one, or none.")
    }

    /// Makes a container of an image, which is pulled before or when it is missing, as the policy says.
    private func bring(
        _ image: ImageReference, by policy: PlannedJob.PullPolicy, login: RegistryLogin?, platform: String?,
        make: () async throws -> String
    ) async throws -> String {
        if policy == .always { try await pull(image, login: login, platform: platform) }
        do {
            return try await make()
        } catch let refusal as EngineRefusal where refusal.status == 404 {
            guard policy == .ifNotPresent else {
                throw ExecutorError(
                    .imageUnavailable,
                    message: "The image \(image) is not on this machine, and the pull policy is "
                        + "\(policy.rawValue).", cause: refusal)
            }
            try await pull(image, login: login, platform: platform)
            return try await make()
        }
    }

    /// Makes the container; one that an earlier call under the same lease left behind gives way. The call is not
    /// broken off: an engine that goes on with a request nobody waits for would make a container nobody knows of.
    private func makeOnce(_ body: ContainerBody, name: String, platform: String?) async throws -> String {
        try Task.checkCancellation()
        return try await withoutCancellation {
            do {
                return try await engine.createContainer(body, name: name, platform: platform)
            } catch let refusal as EngineRefusal where refusal.status == 409 {
                try await engine.removeContainer(name)
                return try await engine.createContainer(body, name: name, platform: platform)
            }
        }
    }

    private func makeNetwork(_ specification: ContainerSpecification) async throws -> String? {
        guard specification.network == .own else { return nil }
        let labels = specification.labels
        return try await withoutCancellation {
            for _ in 0..<subnets.count {
                do {
                    return try await engine.createNetwork(
                        name: labels.engineName, subnet: subnets.next(), labels: labels.asEngineLabels)
                } catch let refusal as EngineRefusal where refusal.isOverlap {
                    continue
                } catch let refusal as EngineRefusal where refusal.status == 409 {
                    try await engine.removeNetwork(labels.engineName)
                }
            }
            throw ExecutorError(
                .engineUnavailable,
                message: "No subnet of \(settings.networks) is free. Remove networks, or configure a larger range.")
        }
    }

    /// Refuses what an allow-list cannot express: a folder that holds the engine's socket is the engine itself.
    private func checkMounts(_ mounts: [ContainerSpecification.Mount]) throws {
        let socket = Self.realPath(engine.socket)
        for mount in mounts {
            let source = Self.realPath(mount.source)
            let target = mount.target.split(separator: "/")
            guard mount.source.hasPrefix("/"), mount.target.hasPrefix("/"), !target.isEmpty, !target.contains("..")
            else {
                throw ExecutorError(
                    .refused,
                    message: "The mount of \(mount.source) at \(mount.target) needs absolute paths without \"..\".")
            }
            guard source != socket, !socket.hasPrefix(source == "/" ? source : source + "/") else {
                throw ExecutorError(
                    .refused, message: "The mount of \(mount.source) would hand the engine's socket to a job.")
            }
        }
    }

    private static func realPath(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    /// The error for callers, who know no engine's status codes.
    static func translated(_ error: any Error, doing what: String) -> any Error {
        (error as? EngineRefusal)?.executorError(doing: what) ?? error
    }
}

extension EngineRefusal {
    /// Whether a subnet is taken; the engine has no status of its own for it.
    var isOverlap: Bool { message.contains("overlap") || message.contains("already used") }
}

/// Gives out the subnets of a range one after the other, and round again. It begins anywhere, so that a process that
/// was restarted does not ask for all those again that its predecessor still holds.
struct SubnetCursor: Sendable {
    private let range: IPv4Range
    private let position: NIOLockedValueBox<Int>
    let count: Int

    init(range: IPv4Range) {
        self.range = range
        count = 1 << max(0, DockerExecutor.subnetPrefix - range.prefix)
        position = NIOLockedValueBox(Int.random(in: 0..<count))
    }

    func next() -> IPv4Range {
        let number = position.withLockedValue { position in
            position = (position + 1) % count
            return position
        }
        return range.part(number, prefix: max(range.prefix, DockerExecutor.subnetPrefix))
    }
}

/// Does work that has to be finished although the task that asks for it is cancelled.
func withoutCancellation<Value: Sendable>(
    _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await Task { try await work() }.value
}
