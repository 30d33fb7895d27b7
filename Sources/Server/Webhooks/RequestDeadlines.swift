import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends a connection whose headers or body take too long, however steadily they trickle in.
///
/// The HTTP server under it only knows an idle timeout, which a byte a minute resets for ever. Here the clock starts
/// with the connection (or with the end of the answer before) and again with the headers, and nothing extends it.
final class RequestDeadlines: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long each part of a request may take.
    struct Limits: Sendable {
        /// From the start of the connection, or of waiting for the next request, to the end of the headers.
        var headers: TimeAmount = .seconds(15)
        /// From the headers to the end of the body: 25 MiB at 4 Mbit/s.
        var body: TimeAmount = .seconds(60)
        /// How long a connection may be kept without a further request.
        var keepAlive: TimeAmount = .seconds(75)
    }

    private let limits: Limits
    private var timer: Scheduled<Void>?
    private var hasAnswered = false

    init(limits: Limits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(limits.headers, context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelActive(context: ChannelHandlerContext) {
        start(limits.headers, context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            hasAnswered = false
            start(limits.body, context)
        case .body: break
        case .end: timer?.cancel()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head: hasAnswered = true
        case .body: break
        case .end: start(limits.keepAlive, context)
        }
        context.write(data, promise: promise)
    }

    private func start(_ limit: TimeAmount, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: limit) {
            let (handler, context) = bound.value
            handler.end(context)
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        guard !hasAnswered else { return context.close(promise: nil) }
        let head = HTTPResponse(
            status: .requestTimeout, headerFields: [.connection: "close", .contentLength: "0"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in bound.value.close(promise: nil) }
    }
}
