import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

extension Response {
    /// A value as JSON.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try jsonBytes(value))))
    }

    /// A refusal as JSON.
    static func refusal(_ refusal: APIRefusal) -> Response {
        let view = ErrorView(error: .init(code: refusal.code.description, message: refusal.message))
        let bytes = (try? jsonBytes(view)) ?? []
        var response = Response(
            status: refusal.code.status,
            headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        if refusal.code == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }

    /// A body that is written as things happen. The closure is cancelled as soon as the client goes away or the server
    /// stops. The client then sees an answer that breaks off, and not one that is whole: it can ask again.
    static func streaming(
        _ request: Request, type: String, headers: HTTPFields = [:],
        _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        var headers = headers
        headers[.contentType] = type
        headers[.cacheControl] = "no-store"
        // A proxy that gathers the answer before it passes it on would make live output late.
        if let buffering = HTTPField.Name("X-Accel-Buffering") { headers[buffering] = "no" }
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    // Nobody else touches the writer while the closure has it.
                    nonisolated(unsafe) let lent = writer
                    try await cancelWhenGracefulShutdown {
                        var writer = lent
                        try await write(&writer)
                        try Task.checkCancellation()
                    }
                }
                try await writer.finish(nil)
            })
    }

    /// Files that jobs left, or a backup: to be saved, never shown or run by a browser.
    static func download(
        named name: String, size: Int64?,
        _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        var headers: HTTPFields = [
            .contentType: "application/octet-stream",
            .contentDisposition: "attachment; filename=\"\(safeFileName(name))\"",
            .contentSecurityPolicy: "default-src 'none'; sandbox",
            .xContentTypeOptions: "nosniff",
            .cacheControl: "no-store",
        ]
        if let size { headers[.contentLength] = String(size) }
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                try await write(&writer)
                try await writer.finish(nil)
            })
    }

    static func jsonBytes(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// A header's value may not hold what a job's name may.
    private static func safeFileName(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "-" }.prefix(120))
    }
}
