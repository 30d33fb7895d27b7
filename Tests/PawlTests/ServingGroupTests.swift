import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle
import Testing

@testable import pawl

@Suite struct ServingGroupTests {
    /// Goes on until it is cancelled, or asked to finish where it listens.
    private struct Work: Service {
        var listens: Bool
        var began: AsyncStream<Void>.Continuation
        var asked: AsyncStream<Void>.Continuation

        func run() async throws {
            began.yield()
            let (ends, end) = AsyncStream<Void>.makeStream()
            await withGracefulShutdownHandler {
                for await _ in ends {}
            } onGracefulShutdown: {
                asked.yield()
                if listens { end.finish() }
            }
        }
    }

    @Test(
        "the first signal asks to finish, the second stops what does not", .timeLimit(.minutes(4)),
        arguments: [true, false])
    func signals(_ listens: Bool) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let (beginnings, began) = AsyncStream<Void>.makeStream()
        let (requests, asked) = AsyncStream<Void>.makeStream()
        let (signals, signal) = AsyncStream<Void>.makeStream()
        let group = ServingGroup(services: [Work(listens: listens, began: began, asked: asked)], logger: logger)
        async let ending = group.run(until: signals)
        var beginning = beginnings.makeAsyncIterator()
        await beginning.next()
        signal.yield()
        var request = requests.makeAsyncIterator()
        await request.next()
        if !listens { signal.yield() }
        #expect(try await ending == (listens ? .finished : .cut))
    }
}
