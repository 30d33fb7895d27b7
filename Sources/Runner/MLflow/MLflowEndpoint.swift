import Evaluation
import Executors
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// Listens for what one attempt's container logs, at the machine's address in the container's own network.
///
/// Who is not in that network is not listened to, and who does not show the attempt's token is refused.
final class MLflowEndpoint: Sendable {
    /// What a connection may do.
    struct Limits: Sendable {
        /// How many connections there are at once.
        var connections = 64
        /// How long a connection may be there without the head of a request.
        var idle = Duration.minutes(5)
        /// How long a request may take from its head to its end.
        var body = Duration.seconds(30)
    }

    /// The port that is listened to.
    let port: Int
    private let channel: any Channel
    private let connections: Connections

    /// Begins to listen.
    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - answer: answers a request that has shown the token. It may block its thread.
    /// - Throws: what the system says where the address cannot be listened to.
    init(
        at doorway: Doorway, port: Int, token: String, limits: Limits = Limits(),
        answer: @escaping @Sendable (MLflowRequest) -> (status: Int, body: [UInt8])
    ) async throws {
        let connections = Connections()
        self.connections = connections
        let rules = MLflowConnection.Rules(token: Array(token.utf8), limits: limits, answer: answer)
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            // The next process of a runner takes the address while connections of this one are still being closed.
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                guard let address = channel.remoteAddress?.ipAddress, doorway.network.contains(address),
                    connections.add(channel, limit: limits.connections)
                else { return channel.close() }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: true)
                    try pipeline.addHandler(MLflowConnection(rules))
                }
            }
            .bind(host: doorway.address, port: port).get()
        self.port = channel.localAddress?.port ?? port
    }

    /// Listens no more, and ends what is connected.
    func close() async {
        try? await channel.close()
        for connection in connections.takeAll() { try? await connection.close() }
    }
}

/// The connections of an endpoint.
private final class Connections: Sendable {
    private let known = NIOLockedValueBox<[ObjectIdentifier: any Channel]?>([:])

    /// Notes a connection until it is closed.
    /// - Returns: whether there is room for it.
    func add(_ channel: any Channel, limit: Int) -> Bool {
        let id = ObjectIdentifier(channel)
        let hasRoom = known.withLockedValue { known in
            guard let count = known?.count, count < limit else { return false }
            known?[id] = channel
            return true
        }
        if hasRoom {
            channel.closeFuture.whenComplete { _ in self.known.withLockedValue { $0?[id] = nil } }
        }
        return hasRoom
    }

    /// Gives all of them away, and has room for none any more.
    func takeAll() -> [any Channel] {
        known.withLockedValue { known in
            defer { known = nil }
            return known.map { Array($0.values) } ?? []
        }
    }
}
