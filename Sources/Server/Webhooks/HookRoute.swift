import Forges
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import PipelineModel
import Store

/// `POST /hooks/<forge>/<hook>`: takes a delivery when it is verified, and answers when it is on disk.
///
/// The order is the security: nothing is parsed, written or asked of a forge before the signature over the raw bytes
/// was right, and nothing is stored for a repository that the hook is not bound to.
struct HookRoute: Sendable {
    let store: Store
    let hooks: HookDirectory
    let spool: BodySpool
    let now: @Sendable () -> Timestamp

    /// Adds the route.
    func add(to router: Router<some RequestContext>) {
        router.post("hooks/:forge/:hook") { request, context in
            let forge = context.parameters.get("forge") ?? ""
            let hook = context.parameters.get("hook") ?? ""
            return try await answer(request, forge: forge, hook: hook, logger: context.logger)
        }
    }

    private func answer(_ request: Request, forge: String, hook name: String, logger: Logger) async throws -> Response {
        let hook: OpenHook
        do {
            guard let found = try await hooks.hook(forge: forge, hook: name) else {
                return Self.refusal(.notFound, "There is no hook \(name) of a forge \(forge) here.")
            }
            hook = found
        } catch {
            logger.error("hook cannot be used", metadata: ["hook": "\(forge)/\(name)", "error": "\(error)"])
            return Self.refusal(.serviceUnavailable, "This hook cannot be used now; the server's log says why.")
        }
        do {
            return try await take(request, for: hook, logger: logger)
        } catch let refusal as BodySpool.Refusal {
            switch refusal {
            case .tooLarge(let limit):
                return Self.refusal(.contentTooLarge, "The body is longer than the \(limit) bytes that are taken.")
            case .full:
                return Self.refusal(
                    .serviceUnavailable, "Too many bodies are on their way. Send it again.", retryAfter: 5)
            case .disk(let cause):
                logger.error("body not kept", metadata: ["forge": "\(forge)", "error": "\(cause)"])
                return Self.refusal(
                    .serviceUnavailable, "The delivery could not be kept. Send it again.", retryAfter: 10)
            }
        } catch let error as StoreError {
            logger.error("delivery not stored", metadata: ["forge": "\(forge)", "error": "\(error)"])
            return Self.refusal(.serviceUnavailable, "The delivery could not be stored. Send it again.", retryAfter: 10)
        }
    }

    private func take(_ request: Request, for hook: OpenHook, logger: Logger) async throws -> Response {
        let headers = WebhookHeaders(request.headers.map { ($0.name.rawName, $0.value) })
        var verifier = try WebhookVerifier(secrets: hook.secrets, headers: headers, now: now())
        if case .refused(let refusal) = verifier.early { return Self.refusal(refusal) }

        let body = spool.open()
        defer { body.discard() }
        for try await chunk in request.body {
            try verifier.update(chunk.readableBytesView)
            try body.append(chunk.readableBytesView)
        }
        let verdict = try verifier.finish()
        if case .refused(let refusal) = verdict { return Self.refusal(refusal) }

        let bytes = try body.contents()
        let delivery: ForgeDelivery
        do {
            delivery = try hook.forge.payloads.delivery(headers: headers, body: bytes)
        } catch {
            return Self.refusal(.badRequest, error.description)
        }
        let strangers = delivery.repositoryIDs.subtracting(hook.remoteIDs)
        guard strangers.isEmpty else {
            return Self.refusal(
                .forbidden,
                "This hook may not speak for repository \(strangers.sorted()[0]) of \(hook.forge.name). "
                    + "`pawl repo add` binds one to a hook.")
        }
        var new = NewDelivery(
            forge: hook.forge.name, hook: hook.id, event: headers.eventName(from: hook.forge.kind) ?? "",
            key: delivery.key, remoteID: delivery.event.repository?.remoteID,
            headers: Self.kept(request.headers), body: bytes)
        new.move = HeadMove(of: delivery.event)
        new.ref = PipelineSubject.ref(of: delivery.event, on: hook.forge.kind)
        let id = try await store.storeDelivery(new, now: now())
        do {
            try await hooks.note(verdict, of: hook)
        } catch {
            // The delivery is safe, and the next one proves the same.
            logger.error("hook not marked as proved", metadata: ["hook": "\(hook.id)", "error": "\(error)"])
        }
        return Self.json(.accepted, ["delivery": .string("d\(id)")])
    }

    /// The headers that are worth keeping: what names the event, and nothing that proves or grants anything.
    private static func kept(_ headers: HTTPFields) -> [String: String] {
        let wanted = ["content-type", "user-agent", "idempotency-key", "webhook-id", "webhook-timestamp"]
        let families = ["x-github-", "x-gitlab-", "x-pawl-"]
        let proofs = ["x-gitlab-token", "x-pawl-signature"]
        var kept: [String: String] = [:]
        for field in headers {
            let name = field.name.canonicalName
            guard wanted.contains(name) || families.contains(where: name.hasPrefix), !proofs.contains(name) else {
                continue
            }
            kept[name] = String(field.value.prefix(1_000))
        }
        return kept
    }

    private static func refusal(_ refusal: WebhookVerdict.Refusal) -> Response {
        Self.refusal(HTTPResponse.Status(code: refusal.status), refusal.reason)
    }

    private static func refusal(_ status: HTTPResponse.Status, _ reason: String, retryAfter: Int? = nil) -> Response {
        var response = json(status, ["error": .string(reason)])
        if let retryAfter { response.headers[.retryAfter] = String(retryAfter) }
        return response
    }

    private static func json(_ status: HTTPResponse.Status, _ value: JSONValue) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.bytes)))
    }
}
