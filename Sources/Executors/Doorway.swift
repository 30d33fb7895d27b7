/// Where a container finds the machine of its runner: the machine's own address in the container's network.
///
/// Nothing can be reached there unless a port is opened for the container: `Executor.open`.
public struct Doorway: Hashable, Sendable {
    /// The machine's address, such as `10.213.0.1`.
    public var address: String
    /// The container's network: whoever comes from elsewhere is not the container.
    public var network: IPv4Range

    /// Describes a doorway.
    public init(address: String, network: IPv4Range) {
        self.address = address
        self.network = network
    }
}

extension Executor {
    /// Has no doorway: its containers cannot reach this machine, or are not known to.
    public func doorway(of container: ContainerHandle) async throws -> Doorway? { nil }

    /// Has nothing between the container and its doorway.
    public func open(_ port: Int, at doorway: Doorway, to container: ContainerHandle) async throws {}
}
