import Hummingbird
import PipelineModel
import Signing
import Store

extension APIRoutes {
    /// What a token with scope `admin` may ask for.
    var administrationRoutes: [Route] {
        func route(
            _ method: HTTPRequest.Method, _ path: RouterPath, _ purpose: String, _ handler: @escaping Handler
        ) -> Route {
            Route(method: method, path: path, scope: .admin, purpose: purpose, handler: handler)
        }
        return [
            route(.post, "/api/repositories", "add repositories", addRepository),
            route(.patch, "/api/repositories", "change repositories", setRepository),
            route(.get, "/api/secrets", "list secrets", listSecrets),
            route(.put, "/api/secrets", "set secrets", setSecret),
            route(.delete, "/api/secrets", "remove secrets", removeSecret),
            route(.get, "/api/tokens", "list tokens", listTokens),
            route(.post, "/api/tokens", "create tokens", createToken),
            route(.delete, "/api/tokens/{id}", "revoke tokens", revokeToken),
            route(.post, "/api/pipelines/{id}/override", "override gates", overrideGate),
            route(.get, "/api/backup", "take backups", backup),
        ]
    }

    /// Names are for people: what a person says is kept in a line.
    private func overrideGate(_ call: APICall) async throws -> Response {
        let detail = try await call.pipeline()
        let reason = try call.required("reason").split(whereSeparator: \.isNewline).joined(separator: " ")
        guard !reason.allSatisfy(\.isWhitespace), reason.count <= 300 else {
            throw APIRefusal(.invalid, "a reason has 1 to 300 characters: it stays in the report")
        }
        try await call.store.overrideGate(of: detail.pipeline.id, reason: reason, by: call.by, now: call.now)
        return try .json(PipelineDetailView(try await call.pipeline(), at: call.now))
    }

    private func addRepository(_ call: APICall) async throws -> Response {
        let wanted: RepositoryRequest = try await call.body()
        return try .json(try await environment.addRepository(wanted, call.by), status: .created)
    }

    private func setRepository(_ call: APICall) async throws -> Response {
        let repository = try await call.repository(try call.required("repository"))
        let wanted: RepositoryChange = try await call.body()
        var settings = repository.settings
        if let limit = wanted.statusJobLimit {
            guard (0...200).contains(limit) else {
                throw APIRefusal(.invalid, "a pipeline may have 0 to 200 job statuses, not \(limit)")
            }
            settings.statusJobLimit = limit
        }
        settings.protectedBranches = wanted.protectedBranches ?? settings.protectedBranches
        settings.protectedTags = wanted.protectedTags ?? settings.protectedTags
        settings.isEnabled = wanted.isEnabled ?? settings.isEnabled
        settings.priority = wanted.priority ?? settings.priority
        settings.jobLimit = try Self.jobLimit(wanted.jobLimit, or: settings.jobLimit)
        settings.pipelineJobLimit = try Self.jobLimit(wanted.pipelineJobLimit, or: settings.pipelineJobLimit)
        let name = repository.reference.name
        let allowance = try wanted.applyGPUHours(to: &settings, of: name, by: call.by, now: call.now)
        try await call.store.setSettings(
            settings, of: repository.id,
            audit: AuditEntry(
                at: call.now, by: call.by, action: "repository.set", subject: name, detail: allowance))
        let changed = try await call.store.repository(repository.id) ?? repository
        return try .json(RepositoryView(changed))
    }

    /// A limit as it is stored: 0 takes it away.
    private static func jobLimit(_ wanted: Int?, or known: Int?) throws -> Int? {
        guard let wanted else { return known }
        guard (0...100_000).contains(wanted) else {
            throw APIRefusal(.invalid, "a limit of jobs is a number from 1 to 100000, or 0 for none")
        }
        return wanted == 0 ? nil : wanted
    }

    private func listSecrets(_ call: APICall) async throws -> Response {
        let repository = try await call.repository(try call.required("repository"))
        let secrets = try await call.store.secrets(of: repository.id)
        return try .json(
            SecretListView(
                repository: repository.reference.name,
                secrets: secrets.map { SecretView(description: $0.description, setAt: $0.setAt) }))
    }

    private func setSecret(_ call: APICall) async throws -> Response {
        let repository = try await call.repository(try call.required("repository"))
        let wanted: SecretRequest = try await call.body()
        let name = wanted.description.name
        guard Self.isVariableName(name) else {
            throw APIRefusal(.invalid, "a secret's name has letters, digits and _, and begins with no digit")
        }
        for reserved in ["CI_", "PAWL_"] where name.hasPrefix(reserved) {
            throw APIRefusal(.invalid, "names that begin with \(reserved) are Pawl's own: choose another")
        }
        guard !wanted.value.isEmpty, wanted.value.utf8.count <= 1 << 20 else {
            throw APIRefusal(.invalid, "a secret's value has 1 byte to 1 MiB")
        }
        let sealed = try environment.seal(Redacted(wanted.value), wanted.description, repository.id)
        try await call.store.setSecret(wanted.description, of: repository.id, sealed: sealed, now: call.now)
        try await record(call, "secret.set", repository.reference.name, detail: name)
        return try .json(SecretView(description: wanted.description, setAt: call.now))
    }

    private static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.count <= 255 && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    private func removeSecret(_ call: APICall) async throws -> Response {
        let repository = try await call.repository(try call.required("repository"))
        let name = try call.required("name")
        let environmentName = call.query("environment")
        guard try await call.store.removeSecret(name: name, environment: environmentName, of: repository.id) else {
            let place = environmentName.map { " for environment \($0)" } ?? ""
            throw APIRefusal(
                .notFound,
                "\(repository.reference.name) has no secret \(name)\(place).  "
                    + "pawl secret list \(repository.reference.name)")
        }
        try await record(call, "secret.remove", repository.reference.name, detail: name)
        return try .json(["removed": name])
    }

    private func listTokens(_ call: APICall) async throws -> Response {
        try .json(TokenListView(tokens: try await call.store.tokens().map(TokenView.init)))
    }

    private func createToken(_ call: APICall) async throws -> Response {
        let wanted: TokenRequest = try await call.body()
        let name = wanted.name.trimmingSpaces
        guard !name.isEmpty, name.count <= 100, !name.contains(where: \.isNewline) else {
            throw APIRefusal(.invalid, "a token needs a name of 1 to 100 characters, so that you know it later")
        }
        let text = try environment.makeToken()
        let id = try await call.store.addToken(
            name: name, hash: try AccessToken.storedHash(of: text), scope: wanted.scope, now: call.now)
        try await record(call, "token.create", name, detail: wanted.scope.rawValue)
        return try .json(NewTokenView(id: id, name: name, scope: wanted.scope, token: text), status: .created)
    }

    private func revokeToken(_ call: APICall) async throws -> Response {
        let id: TokenID = try call.id()
        guard let token = try await call.store.tokens().first(where: { $0.id == id }) else {
            throw APIRefusal(.notFound, "there is no token \(id).  pawl token list")
        }
        try await call.store.revokeToken(id, now: call.now)
        try await record(call, "token.revoke", token.name)
        return try .json(TokenView(try await call.store.tokens().first { $0.id == id } ?? token))
    }

    private func record(_ call: APICall, _ action: String, _ subject: String, detail: String? = nil) async throws {
        try await call.store.record(
            AuditEntry(at: call.now, by: call.by, action: action, subject: subject, detail: detail))
    }
}
