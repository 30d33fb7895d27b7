import NIOCore

/// Bounds how much is read from a connection at once.
///
/// Some parts of a body are kept ready for whoever reads it. At the HTTP server's own 64 KiB a read, fifty clients that
/// send as fast as they can would hold some 35 MB so; a quarter of that is still plenty for one read.
final class ReadBound: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private static let limit = 16 << 10

    func handlerAdded(context: ChannelHandlerContext) {
        let allocator = AdaptiveRecvByteBufferAllocator(minimum: 1_024, initial: 2_048, maximum: Self.limit)
        try? context.channel.syncOptions?.setOption(.recvAllocator, value: allocator)
    }
}
