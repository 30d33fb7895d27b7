import Forges
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// A server that keeps the first webhook it gets.
struct HookReceiver {
    struct Delivery: Sendable {
        let headers: WebhookHeaders
        let body: [UInt8]
    }

    let url: String
    let deliveries: AsyncStream<Delivery>

    /// Lends a receiver to a body.
    static func lend(_ body: (HookReceiver) async throws -> Void) async throws {
        let (ports, report) = AsyncStream.makeStream(of: Int.self)
        let (deliveries, arrival) = AsyncStream.makeStream(of: Delivery.self)
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
                let bytes = try await request.body.collect(upTo: 1 << 20)
                let headers = WebhookHeaders(request.headers.map { ($0.name.rawName, $0.value) })
                arrival.yield(Delivery(headers: headers, body: Array(buffer: bytes)))
                return Response(status: .accepted)
            },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { report.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "receiver") { _ in SwiftLogNoOpLogHandler() })
        let service = Task { try await application.run() }
        defer { service.cancel() }
        for await port in ports {
            try await body(HookReceiver(url: "http://127.0.0.1:\(port)", deliveries: deliveries))
            return
        }
    }
}
