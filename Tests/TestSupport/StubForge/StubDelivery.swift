import Forges
import FoundationEssentials
import HTTPTransport
import Signing

/// A webhook on its way.
struct StubDelivery: Sendable {
    /// The same for every try.
    let guid: String
    let repository: Int64
    let hook: Int64
    let event: String
    let action: String?
    let body: [UInt8]
    var isRedelivery = false
    /// A person's test of the hook, which also switches a disabled one on again.
    var isTest = false
}

/// One ref's change.
struct StubPush: Sendable {
    let before: String
    let after: String
    let ref: String
    let by: StubAccount

    static let zeros = String(repeating: "0", count: 40)
    var isNew: Bool { before == Self.zeros }
    var isGone: Bool { after == Self.zeros }
    var isTag: Bool { ref.hasPrefix("refs/tags/") }
    /// The branch or tag.
    var name: String { String(ref.dropFirst(isTag ? 10 : 11)) }
}

/// What happened to a pull request.
enum RequestAction: String, Sendable {
    case opened, synchronize, closed, reopened

    /// GitLab's word.
    var gitLab: String {
        switch self {
        case .opened: "open"
        case .synchronize: "update"
        case .closed: "close"
        case .reopened: "reopen"
        }
    }
}

extension StubForge {
    /// Puts an event in line for every hook that wants it.
    func announce(event: String, wanted: String, action: String? = nil, to id: Int64, body: JSONValue) {
        let bytes = body.bytes
        let hooks = read { $0.repository(id)?.hooks ?? [] }
        for hook in hooks where hook.isActive && hook.events.contains(wanted) {
            enqueue(
                StubDelivery(
                    guid: UUID().uuidString.lowercased(), repository: id, hook: hook.id, event: event, action: action,
                    body: bytes))
        }
    }

    /// Sends one webhook, and records how that went.
    func send(_ delivery: StubDelivery) async {
        guard let hook = read({ $0.repository(delivery.repository)?.hooks.first { $0.id == delivery.hook } }) else {
            return
        }
        if let until = hook.disabledUntil, Date() < until, !delivery.isTest { return }
        let start = ContinuousClock.now
        let answer: Int
        do {
            let request = HTTPRequest(
                "POST", hook.url, headers: try headers(of: delivery, for: hook), body: .bytes(delivery.body),
                headerTimeout: settings.webhookTimeout, idleTimeout: settings.webhookTimeout)
            answer = try await client.send(request).status
        } catch {
            logger.debug("a webhook was not taken", metadata: ["url": "\(hook.url)", "error": "\(error)"])
            answer = 0
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        change { state in
            state.note(answer, ofHook: hook.id, in: delivery.repository)
            let id = state.nextID()
            state.record.deliveries.append(
                ForgeRecord.Delivery(
                    id: id, guid: delivery.guid, hook: hook.id, event: delivery.event, action: delivery.action,
                    at: Date(), isRedelivery: delivery.isRedelivery, seconds: seconds, answer: answer,
                    repositoryID: delivery.repository, body: delivery.body))
        }
    }

    private func headers(of delivery: StubDelivery, for hook: StubHook) throws -> [(name: String, value: String)] {
        var headers = [(name: "Content-Type", value: "application/json")]
        guard kind == .gitlab else {
            headers += [
                ("X-GitHub-Event", delivery.event), ("X-GitHub-Delivery", delivery.guid),
                ("X-GitHub-Hook-ID", String(hook.id)), ("X-GitHub-Hook-Installation-Target-Type", "repository"),
                ("X-GitHub-Hook-Installation-Target-ID", String(delivery.repository)),
            ]
            if let secret = hook.secret {
                let code = try HMACSHA256.code(of: delivery.body, key: Array(secret.utf8))
                headers.append(("X-Hub-Signature-256", "sha256=" + Hex.encode(code)))
            }
            return headers
        }
        let time = Int64(Date().timeIntervalSince1970)
        headers += [
            ("X-Gitlab-Event", delivery.event), ("X-Gitlab-Event-UUID", delivery.guid),
            ("X-Gitlab-Webhook-UUID", String(hook.id)), ("X-Gitlab-Instance", url),
            ("Idempotency-Key", delivery.guid), ("webhook-id", delivery.guid), ("webhook-timestamp", String(time)),
        ]
        if let token = hook.secret { headers.append(("X-Gitlab-Token", token)) }
        if let token = hook.signingToken {
            let key = try StandardWebhookKey(token: token)
            let signature = try key.signature(id: delivery.guid, timestamp: time, body: delivery.body)
            headers.append(("webhook-signature", signature))
        }
        return headers
    }
}

extension ForgeState {
    /// GitLab stops sending after four failures in a row, for a minute at first and longer each time.
    mutating func note(_ answer: Int, ofHook id: Int64, in repository: Int64) {
        guard kind == .gitlab, let at = repositories.firstIndex(where: { $0.id == repository }),
            let hook = repositories[at].hooks.firstIndex(where: { $0.id == id })
        else { return }
        guard answer == 0 || answer >= 400 else {
            repositories[at].hooks[hook].failuresInARow = 0
            repositories[at].hooks[hook].disabledUntil = nil
            return
        }
        repositories[at].hooks[hook].failuresInARow += 1
        let failures = repositories[at].hooks[hook].failuresInARow
        guard failures >= 4 else { return }
        let minutes = min(pow2(failures - 4), 24 * 60)
        repositories[at].hooks[hook].disabledUntil = Date(timeIntervalSinceNow: Double(minutes) * 60)
    }

    private func pow2(_ exponent: Int) -> Int { 1 << min(exponent, 20) }
}
