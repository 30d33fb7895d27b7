import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle

/// The service that answers HTTP for as long as the server runs. It can be told to let the next program in this process
/// go on with its socket.
public final class WebService: Service {
    /// What it takes connections from.
    public let socket: ListeningSocket
    private let listener: any Service
    private let logger: Logger
    private let term = NIOLockedValueBox(Term())

    /// One time of listening.
    private struct Term {
        /// Ends it; nil before it has begun.
        var group: ServiceGroup?
        /// Whether it ends so that another can begin, here or in the next program.
        var isHandedOver = false
        /// Told when it has ended.
        var ended: AsyncStream<Void>.Continuation?
        /// Told when another is to begin here.
        var resumed: AsyncStream<Void>.Continuation?
    }

    init(_ listener: any Service, on socket: ListeningSocket, logger: Logger) {
        self.listener = listener
        self.socket = socket
        self.logger = logger
    }

    /// Answers until the server stops.
    /// - Throws: where nothing can be taken from the socket.
    public func run() async throws {
        repeat {
            let group = ServiceGroup(configuration: .init(services: [.init(service: listener)], logger: logger))
            let (resumptions, resumed) = AsyncStream<Void>.makeStream()
            term.withLockedValue { $0 = Term(group: group, resumed: resumed) }
            try await group.run()
            guard term.withLockedValue({ $0.isHandedOver }) else { return }
            term.withLockedValue { $0.ended }?.finish()
            // To return would end the services beside this one, and the jobs with them.
            await cancelWhenGracefulShutdown { for await _ in resumptions { break } }
        } while !Task.isShuttingDownGracefully && !Task.isCancelled
    }

    /// Takes no more connections, answers the requests that are going on, and returns when that is done or the time is
    /// up. Who connects from now on waits for the next program in this process, or for ``resume()``.
    public func handOver(within limit: Duration) async {
        let (ends, ended) = AsyncStream<Void>.makeStream()
        let group = term.withLockedValue { term in
            term.isHandedOver = true
            term.ended = ended
            return term.group
        }
        guard let group else { return }
        await group.triggerGracefulShutdown()
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { for await _ in ends {} }
            tasks.addTask { try? await Task.sleep(for: limit) }
            await tasks.next()
            tasks.cancelAll()
        }
    }

    /// Goes on after ``handOver(within:)``, where no other program took the place of this one.
    public func resume() { term.withLockedValue { $0.resumed }?.finish() }
}
