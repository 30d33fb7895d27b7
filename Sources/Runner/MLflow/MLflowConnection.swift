import Evaluation
import NIOCore
import NIOHTTP1
import Signing

/// One connection of an attempt's container: one request after the other, each whole and within its limits before it is
/// looked at.
final class MLflowConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// What holds for all connections of an endpoint.
    struct Rules: Sendable {
        var token: [UInt8]
        var limits: MLflowEndpoint.Limits
        var answer: @Sendable (MLflowRequest) -> (status: Int, body: [UInt8])
    }

    private enum State {
        /// Waits for the head of a request.
        case idle
        case reading(HTTPRequestHead, [UInt8])
        /// A request is worked on.
        case answering
        /// It was refused, and nothing more is read.
        case refused
    }

    private let rules: Rules
    private var state = State.idle
    private var timer: Scheduled<Void>?

    init(_ rules: Rules) { self.rules = rules }

    func handlerAdded(context: ChannelHandlerContext) { start(rules.limits.idle, context) }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        state = .refused
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .idle):
            state = .reading(head, [])
            start(rules.limits.body, context)
            if let refusal = refusal(of: head) { refuse(refusal, context) }
        case (.body(var buffer), .reading(let head, var body)):
            guard body.count + buffer.readableBytes <= MLflowRequest.bodyLimit else {
                return refuse(Self.tooLarge, context)
            }
            // Or each piece would be a copy of all before it.
            state = .answering
            body += buffer.readBytes(length: buffer.readableBytes) ?? []
            state = .reading(head, body)
        case (.end, .reading(let head, let body)):
            timer?.cancel()
            state = .answering
            work(on: MLflowRequest(head.method.rawValue, head.uri, body: body), head, context)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: - Refusing

    /// For how long what was refused is still taken from the socket and thrown away: whoever is in the middle of a body
    /// would not see the answer if the connection were gone.
    private static let linger = Duration.seconds(5)

    private static let tooLarge = MLflowRefusal(
        .tooLarge, "A request has at most \(MLflowRequest.bodyLimit >> 20) MiB. Log in smaller batches.")

    private func refusal(of head: HTTPRequestHead) -> MLflowRefusal? {
        let shown = head.headers.first(name: "authorization").map { Array($0.utf8) } ?? []
        guard ConstantTime.equal(shown, Array("Bearer ".utf8) + rules.token) else {
            return MLflowRefusal(.noToken, "This takes the token in MLFLOW_TRACKING_TOKEN of the job it is for.")
        }
        let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        return length > MLflowRequest.bodyLimit ? Self.tooLarge : nil
    }

    /// Says no, and ends the connection: what is still on its way is thrown away.
    private func refuse(_ refusal: MLflowRefusal, _ context: ChannelHandlerContext) {
        state = .refused
        send(refusal.code.status, refusal.body, ending: .lingering, context)
        start(Self.linger, context)
    }

    private func start(_ limit: Duration, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: TimeAmount(limit)) {
            let (handler, context) = bound.value
            guard case .reading = handler.state else { return context.close(promise: nil) }
            handler.refuse(MLflowRefusal(.tooSlow, "The request did not come in time."), context)
        }
    }

    // MARK: - Answering

    private func work(on request: MLflowRequest, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let answer = rules.answer
        let isLast = !head.isKeepAlive
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let promise = context.eventLoop.makePromise(of: (status: Int, body: [UInt8]).self)
        promise.completeWithTask { try await blocking { answer(request) } }
        promise.futureResult.whenComplete { result in
            let (handler, context) = bound.value
            guard case .answering = handler.state, let (status, body) = try? result.get() else { return }
            handler.state = .idle
            handler.start(handler.rules.limits.idle, context)
            handler.send(status, body, ending: isLast ? .atOnce : .none, context)
        }
    }

    /// What becomes of the connection after an answer.
    private enum Ending { case none, lingering, atOnce }

    private func send(_ status: Int, _ body: [UInt8], ending: Ending, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders([
            ("content-type", "application/json"), ("content-length", "\(body.count)"),
        ])
        if ending != .none { headers.add(name: "connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            switch ending {
            case .none: break
            case .lingering: bound.value.close(mode: .output, promise: nil)
            case .atOnce: bound.value.close(promise: nil)
            }
        }
    }
}
