import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends a connection whose headers or body take too long, however steadily they trickle in.
///
/// The HTTP server under it only knows an idle timeout, which a byte a minute resets for ever. Here the clock starts
/// with the connection (or with the end of the answer before) and again with the headers, and nothing extends it. A
/// request that is there as a whole is not timed: its answer may go on for as long as there is something to follow.
final class RequestDeadlines: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let deadlines: WebServer.Deadlines
    private var timer: Scheduled<Void>?
    /// Whether all of the request is there.
    private var isWhole = true
    /// How much of the answer has been written. It may come before the request is whole, to refuse it.
    private var answer = Answer.none

    private enum Answer {
        case none, begun, written
        /// Written here, because the request took too long. What a route still says comes too late.
        case timedOut
    }

    init(_ deadlines: WebServer.Deadlines) { self.deadlines = deadlines }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(deadlines.headers, context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelActive(context: ChannelHandlerContext) {
        start(deadlines.headers, context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            guard answer != .timedOut else { return }
            isWhole = false
            answer = .none
            start(deadlines.body, context)
        case .body: break
        case .end:
            isWhole = true
            timer?.cancel()
            if answer == .written { start(deadlines.keepAlive, context) }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard answer != .timedOut else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head: answer = .begun
        case .body: break
        case .end:
            answer = .written
            // The rest of a refused body still has its own deadline.
            if isWhole { start(deadlines.keepAlive, context) }
        }
        context.write(data, promise: promise)
    }

    private func start(_ limit: Duration, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: TimeAmount(limit)) {
            let (handler, context) = bound.value
            handler.end(context)
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        guard answer == .none else { return context.close(promise: nil) }
        answer = .timedOut
        let head = HTTPResponse(
            status: .requestTimeout, headerFields: [.connection: "close", .contentLength: "0"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in bound.value.close(promise: nil) }
    }
}
