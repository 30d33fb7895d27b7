import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Takes connections from a socket and speaks HTTP on each, until it is asked to shut down: then it takes no more, ends
/// those on which no request is going on, and returns when the last answer has been given.
struct WebListener<Connection: ServerChildChannel>: Service {
    let socket: ListeningSocket
    let connection: Connection
    let logger: Logger
    /// Called with the port once connections are taken.
    let onListening: @Sendable (Int) async -> Void

    func run() async throws {
        let arrivals = Arrivals<Connection.Value>()
        let listening = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ArrivalCounter(onArrival: arrivals.expectOne))
                }
            }
            .childChannelInitializer { channel in
                try? channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
                let value = connection.setup(channel: channel, logger: logger)
                value.whenComplete { arrivals.add(try? $0.get()) }
                return value.map { _ in }
            }
            .withBoundSocket(try socket.duplicate()).get()
        await withTaskCancellationOrGracefulShutdownHandler {
            await onListening(socket.port)
            await withDiscardingTaskGroup { tasks in
                while let value = await arrivals.next() { tasks.addTask { await serve(value) } }
            }
        } onCancelOrGracefulShutdown: {
            Self.takeNoMore(from: listening, arrivals)
        }
        try? await listening.close()
    }

    /// Whoever was taken from the socket's queue is served still: to close it now would turn them away.
    private static func takeNoMore(from listening: any Channel, _ arrivals: Arrivals<Connection.Value>) {
        listening.eventLoop.execute {
            try? listening.syncOptions?.setOption(.autoRead, value: false)
            arrivals.end()
        }
    }

    private func serve(_ value: Connection.Value) async {
        let pipeline = value.channel.pipeline
        await withGracefulShutdownHandler {
            await connection.handle(value: value, logger: logger)
        } onGracefulShutdown: {
            pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }
}

/// Notes each connection at the moment when it is taken from the socket's queue.
private final class ArrivalCounter: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let onArrival: @Sendable () -> Void

    init(onArrival: @escaping @Sendable () -> Void) { self.onArrival = onArrival }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        onArrival()
        context.fireChannelRead(data)
    }
}
