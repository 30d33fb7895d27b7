import NIOCore
import NIOHTTPTypes

/// Lets a connection that has just been made have its first request before the server stops.
///
/// A server that stops closes connections on which no request is going on. Whoever has connected and has not yet written,
/// or is still at the TLS handshake, would be refused so, though the server took the connection.
final class FirstRequestGrace: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let grace: Duration
    private var isNew = true
    /// Ends the grace, and is there while it lasts.
    private var end: Scheduled<Void>?

    init(_ grace: Duration) { self.grace = grace }

    func handlerRemoved(context: ChannelHandlerContext) { end?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        end?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isNew = false
        context.fireChannelRead(data)
        guard let end else { return }
        self.end = nil
        end.cancel()
        // The request is going on, so that what follows closes the connection after its answer.
        context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent, isNew, end == nil else {
            return context.fireUserInboundEventTriggered(event)
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        end = context.eventLoop.scheduleTask(in: TimeAmount(grace)) {
            let (handler, context) = bound.value
            handler.end = nil
            context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }
}
