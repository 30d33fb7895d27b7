import Forges
import PipelineModel
import Signing
import Store

extension RepositoryAdder {
    /// Adds a repository of a forge with an API: makes its webhook, and waits for the forge's test delivery.
    func addHosted(_ request: RepositoryRequest, to forge: ForgeConnection) async throws -> RepositoryAdditionView {
        guard let path = Self.path(of: request.url) else {
            throw APIRefusal(.invalid, "\(request.url) is not a repository's address, such as https://forge/ml/churn")
        }
        var reference = try await forge.api.repository(at: path)
        reference.forge = forge.name
        let stored = try await store.addRepository(reference, now: now())
        var checks = [CheckView("forge", .good, "\(forge.name), repository \(reference.remoteID), \(reference.name)")]
        if let publicURL {
            checks += try await makeWebhook(for: reference, on: forge, publicURL: publicURL)
        } else {
            checks.append(
                CheckView(
                    "webhook", .bad, "not made: the server has no address that \(forge.name) reaches. Set server.url"))
        }
        return RepositoryAdditionView(repository: RepositoryView(stored), checks: checks)
    }

    private func makeWebhook(
        for repository: RepositoryReference, on forge: ForgeConnection, publicURL: String
    ) async throws -> [CheckView] {
        let name = "r\(repository.remoteID)"
        let secret = Redacted(try forge.kind == .gitlab ? StandardWebhookKey.makeToken() : AccessToken.make())
        // Bound first: the forge's first delivery may come before its answer.
        try await bindHook(named: name, of: forge, secret: secret, to: repository.remoteID)
        let token = Redacted(try AccessToken.make())
        let receipt = try await forge.api.makeHook(
            HookWish(
                url: "\(publicURL)/hooks/\(forge.name)/\(name)", secret: secret,
                token: forge.kind == .gitlab ? token : nil), on: repository)
        if !receipt.isSigning {
            try await bindHook(named: name, of: forge, secret: token, to: repository.remoteID)
        }
        if let hook = try await store.hook(forge: forge.name, name: name) {
            // The forge uses the newest secret from now on; a signing token beside it would stay mandatory.
            if !receipt.isSigning { try await store.forgetPreviousSecret(of: hook.id) }
            try await store.setRemoteHookID(receipt.id, of: hook.id, now: now())
        }
        let asked = now()
        try await forge.api.testHook(receipt.id, on: repository)
        let hasArrived = try await deliveryArrives(for: repository, since: asked)
        return [
            CheckView(
                "webhook", receipt.isSigning ? .good : .attention,
                "made, id \(receipt.id): push, tag, pull request, comment; "
                    + (receipt.isSigning ? "signed" : "a plain token, because this server is older than GitLab 19.0")),
            hasArrived
                ? CheckView("reached", .good, "the forge's test delivery arrived and verified")
                : CheckView(
                    "reached", .bad,
                    "the forge's test delivery did not arrive within \(Self.patience.text). "
                        + "Does \(forge.name) reach \(publicURL)?"),
        ]
    }

    /// Waits for a verified delivery that speaks for a repository; those of others come in between.
    private func deliveryArrives(for repository: RepositoryReference, since moment: Timestamp) async throws -> Bool {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let seen = store.deliveryArrived.count
            let newest = try await store.deliveries(of: repository, limit: 1).first
            if let newest, newest.receivedAt >= moment { return true }
            let left = deadline - .now
            guard left > .zero else { return false }
            await store.deliveryArrived.wait(after: seen, atMost: left)
            try Task.checkCancellation()
        }
    }

    /// The path within the forge: `ml/churn` of `https://gitlab.example.com/ml/churn.git`.
    private static func path(of url: String) -> String? {
        var path = url
        for scheme in ["https://", "http://"] where path.hasPrefix(scheme) {
            path = String(path.dropFirst(scheme.count).drop { $0 != "/" }.drop { $0 == "/" })
        }
        while path.hasSuffix("/") { path.removeLast() }
        if path.hasSuffix(".git") { path.removeLast(4) }
        return path.contains("/") ? path : nil
    }
}
