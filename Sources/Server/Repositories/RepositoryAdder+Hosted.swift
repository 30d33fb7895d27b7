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
        let surprises = RepositorySurprises(repository: stored, forge: forge, preview: preview)
        let survey = try await surprises.survey()
        var checks = [surprises.forgeCheck(survey)]
        if let publicURL {
            checks += try await makeWebhook(for: reference, on: forge, publicURL: publicURL)
        } else {
            checks.append(
                CheckView(
                    "webhook", .bad, "not made: the server has no address that \(forge.name) reaches. Set server.url",
                    helps: [HelpView("pawl init --explain", "every setting with its meaning")]))
        }
        checks += try await surprises.checks(survey)
        return RepositoryAdditionView(repository: RepositoryView(stored), checks: checks)
    }

    private func makeWebhook(
        for repository: RepositoryReference, on forge: ForgeConnection, publicURL: String
    ) async throws -> [CheckView] {
        let name = "r\(repository.remoteID)"
        // Bound first: the forge's first delivery may come before its answer.
        let secret = try await newSecret(ofHook: name, of: forge, speakingFor: repository)
        guard let signing = secret.signing else {
            throw APIRefusal(.fault, "the webhook \(name) of \(forge.name) has no secret to sign with")
        }
        let receipt = try await forge.api.makeHook(
            HookWish(url: "\(publicURL)/hooks/\(forge.name)/\(name)", secret: signing, token: secret.token),
            on: repository)
        if let hook = try await store.hook(forge: forge.name, name: name) {
            if secret.isOpen, !hook.isProved {
                // Of the two, the answer tells which one the server uses.
                let used = secret.kept(by: receipt.isSigning ? .signature : .token)
                try await store.replaceHookSecret(of: hook.id, with: try seal(used, ofHook: name, of: forge))
            }
            try await store.setRemoteHookID(receipt.id, of: hook.id, now: now())
        }
        let asked = now()
        try await expectTest(of: repository, on: forge)
        try await forge.api.testHook(receipt.id, on: repository)
        let arrival = try await deliveryArrives(for: repository, since: asked)
        return [
            CheckView(
                "webhook", receipt.isSigning ? .good : .attention,
                "made, id \(receipt.id): push, tag, pull request, comment; "
                    + (receipt.isSigning ? "signed" : "a plain token, because this server is older than GitLab 19.0")),
            arrival.map {
                CheckView("reached", .good, "the forge's test delivery arrived and verified, \(($0 - asked).text)")
            }
                ?? CheckView(
                    "reached", .bad,
                    "the forge's test delivery did not arrive within \(Self.patience.text). "
                        + "Does \(forge.name) reach \(publicURL)?",
                    helps: [HelpView("curl \(publicURL)/api/health", "from where the forge is")]),
        ]
    }

    /// Lets nothing run for the push that a GitLab repeats as its test; GitHub has a ping instead.
    private func expectTest(of repository: RepositoryReference, on forge: ForgeConnection) async throws {
        guard forge.kind == .gitlab else { return }
        let heads = try await forge.api.branchHeads(of: repository)
        guard let head = heads.first(where: { $0.name == repository.defaultBranch }) else { return }
        tests.expect(head.commit, of: repository, until: now() + .minutes(1))
    }

    /// The secret that the forge is to use from now on, bound to the repository.
    ///
    /// Where the newest one has not been seen yet, it stays: an earlier try may have failed before or after the forge
    /// took it, and with a third secret the one that the forge uses might no longer be known here.
    private func newSecret(
        ofHook name: String, of forge: ForgeConnection, speakingFor repository: RepositoryReference
    ) async throws -> HookSecret {
        let made = try HookSecret.make(for: forge.kind)
        guard let hook = try await store.hook(forge: forge.name, name: name) else {
            _ = try await store.addHook(
                forge: forge.name, name: name, sealedSecret: try seal(made, ofHook: name, of: forge),
                remoteIDs: [repository.remoteID], now: now())
            return made
        }
        try await store.bindHook(hook.id, to: repository.remoteID)
        if hook.isProved {
            try await store.rotateHook(hook.id, to: try seal(made, ofHook: name, of: forge))
            return made
        }
        let newest = HookSecret(
            try vault.openHookSecret(hook.sealedSecret, forge: forge.name, hook: name), of: forge.kind)
        guard forge.kind == .gitlab, !newest.isOpen else { return newest }
        let completed = try newest.completed()
        try await store.replaceHookSecret(of: hook.id, with: try seal(completed, ofHook: name, of: forge))
        return completed
    }

    private func seal(_ secret: HookSecret, ofHook name: String, of forge: ForgeConnection) throws -> [UInt8] {
        try vault.sealHookSecret(secret.text, forge: forge.name, hook: name)
    }

    /// Waits for a verified delivery that speaks for a repository; those of others come in between.
    /// - Returns: when it came; nil where none did.
    private func deliveryArrives(
        for repository: RepositoryReference, since moment: Timestamp
    ) async throws -> Timestamp? {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let seen = store.deliveryArrived.count
            let newest = try await store.deliveries(of: repository, limit: 1).first
            if let newest, newest.receivedAt >= moment { return newest.receivedAt }
            let left = deadline - .now
            guard left > .zero else { return nil }
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
