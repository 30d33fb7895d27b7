import Hummingbird
import NIOCore

/// What the server's routes know of a request besides the request itself: where it came from.
public struct ServerContext: RequestContext, RemoteAddressRequestContext {
    /// The framework's own part.
    public var coreContext: CoreRequestContextStorage
    /// The address of whoever is connected: behind a proxy, the proxy's.
    public let remoteAddress: SocketAddress?

    /// Made by the framework for each request.
    public init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}
