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
        let listening = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(try socket.duplicate()) { connection.setup(channel: $0, logger: logger) }
        await withGracefulShutdownHandler {
            await onListening(socket.port)
            await serve(listening)
        } onGracefulShutdown: {
            listening.channel.close(promise: nil)
        }
    }

    private func serve(_ listening: NIOAsyncChannel<Connection.Value, Never>) async {
        await withDiscardingTaskGroup { tasks in
            do {
                try await listening.executeThenClose { arriving in
                    for try await value in arriving {
                        tasks.addTask { await serve(value) }
                    }
                }
            } catch {
                logger.error("no more connections are taken", metadata: ["error": "\(error)"])
            }
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
