import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Answers one request after the other by the router.
struct RequestAnswerer: Sendable {
    let responder: RouterResponder<ServerRequestContext>
    let logger: Logger

    /// Answers a request.
    /// - Throws: where nothing more can be written on the connection.
    func answer(
        _ request: Request, with writer: consuming ResponseWriter, on channel: any Channel
    ) async throws {
        var logger = logger
        logger[metadataKey: "request"] = "\(RequestID())"
        let context = ServerRequestContext(source: .init(channel: channel, logger: logger))
        var response: Response
        do {
            response = try await responder.respond(to: request, context: context)
        } catch let error as HTTPParserError {
            // The connection itself answers what is no HTTP.
            throw error
        } catch {
            logger.debug("request not answered", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            response = Response(status: .internalServerError)
        }
        response.headers[.date] = DateHeader.text()
        response.headers[.server] = "pawl"
        do {
            try await writer.write(response: response.head, body: Self.paced(response.body, on: channel.eventLoop))
        } catch is HTTPParserError {
            // To it the connection would write an answer of its own, in the midst of this one.
            throw ChannelError.ioOnClosedChannel
        }
    }

    /// A body whose parts are written one after the other: each waits until the connection has taken the one before.
    ///
    /// A writer is told that a connection takes no more when its event loop has come to the last part. Where that is late,
    /// as on a busy machine, dozens of megabytes of a file were on their way by then.
    private static func paced(_ body: consuming ResponseBody, on eventLoop: any EventLoop) -> ResponseBody {
        guard body.contentLength == nil else { return body }
        return body.map { part in
            try await eventLoop.submit {}.get()
            return part
        }
    }
}

/// What a route knows of a request besides the request: who sent it.
struct ServerRequestContext: RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    var remoteAddress: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}
