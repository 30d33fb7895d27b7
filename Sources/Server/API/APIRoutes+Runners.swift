import Hummingbird
import PipelineModel
import Signing
import Store

extension APIRoutes {
    /// The pool of runners: everybody with a token may look, administrators change.
    var runnerRoutes: [Route] {
        func route(
            _ method: HTTPRequest.Method, _ path: RouterPath, _ scope: TokenScope, _ purpose: String,
            _ handler: @escaping Handler
        ) -> Route {
            Route(method: method, path: path, scope: scope, purpose: purpose, handler: handler)
        }
        return [
            route(.get, "/api/runners", .read, "list runners", listRunners),
            route(.patch, "/api/runners", .admin, "change runners", changeRunner),
            route(.delete, "/api/runners", .admin, "remove runners", removeRunner),
            route(.post, "/api/runners/check", .admin, "check GPUs", checkGPUs),
            route(.post, "/api/runners/token", .admin, "let machines join", makeJoinToken),
        ]
    }

    private func listRunners(_ call: APICall) async throws -> Response {
        var runners = try await call.store.runners()
        if let name = call.query("runner") { runners = [try find(name, among: runners)] }
        return try .json(RunnerListView(runners: try await views(of: runners, call)))
    }

    private func changeRunner(_ call: APICall) async throws -> Response {
        let runner = try find(try call.required("runner"), among: try await call.store.runners())
        let wanted: RunnerChange = try await call.body()
        var edit = RunnerEdit()
        edit.tags = try wanted.tags.map(Self.tags)
        edit.slots = try wanted.slots.map(Self.slots)
        if wanted.repositories != nil || wanted.protectedOnly != nil || wanted.forks != nil {
            var scope = runner.offer.scope
            if let names = wanted.repositories { scope.repositories = try await repositories(names, call) }
            scope.protectedOnly = wanted.protectedOnly ?? scope.protectedOnly
            scope.forks = wanted.forks ?? scope.forks
            edit.scope = scope
        }
        edit.isPaused = wanted.isPaused
        edit.isDraining = wanted.isDraining
        if runner.isEmbedded, wanted.isDraining == true {
            throw APIRefusal(
                .refused,
                "\(runner.name) is inside the server and ends with it.  pawl runner pause \(runner.name)")
        }
        guard edit != RunnerEdit() else { throw APIRefusal(.invalid, "nothing to change") }
        try await call.store.editRunner(runner.name, as: edit, by: call.by, now: call.now)
        let changed = try find(runner.name, among: try await call.store.runners())
        guard let view = try await views(of: [changed], call).first else { throw APIRefusal(.notFound, "it is gone") }
        return try .json(view)
    }

    private func removeRunner(_ call: APICall) async throws -> Response {
        let runner = try find(try call.required("runner"), among: try await call.store.runners())
        try await call.store.removeRunner(runner.name, by: call.by, now: call.now)
        return try .json(["removed": runner.name])
    }

    private func checkGPUs(_ call: APICall) async throws -> Response {
        let runner = try find(try call.required("runner"), among: try await call.store.runners())
        let index = try call.query("gpu").map { text in
            guard let index = Int(text), index >= 0 else { throw APIRefusal(.invalid, "gpu is a number from 0 on") }
            return index
        }
        let gpus = try await call.store.checkGPUs(of: runner.name, index: index, by: call.by, now: call.now)
        return try .json(RunnerCheckView(runner: runner.name, gpus: gpus.map { RunnerGPUView($0, job: nil) }))
    }

    private func makeJoinToken(_ call: APICall) async throws -> Response {
        let wanted: JoinTokenRequest = try await call.body()
        guard (60...30 * 86_400).contains(wanted.seconds) else {
            throw APIRefusal(.invalid, "a join token is good for a minute to 30 days")
        }
        let terms = JoinTerms(
            tags: try Self.tags(wanted.tags), slots: try wanted.slots.map(Self.slots),
            scope: ServingScope(
                repositories: try await repositories(wanted.repositories, call), protectedOnly: wanted.protectedOnly,
                forks: wanted.forks),
            isEphemeral: wanted.isEphemeral)
        guard let program = environment.program else {
            throw APIRefusal(.unavailable, "this server has no program to hand to machines")
        }
        let text = try RunnerSecret.joinToken.make() + "." + (try await program.digest())
        let now = call.now
        let expiresAt = now + .seconds(wanted.seconds)
        try await call.store.addJoinToken(
            hash: try RunnerSecret.storedHash(of: text), terms: terms, expiresAt: expiresAt, by: call.by, now: now)
        return try .json(
            JoinTokenView(token: text, server: environment.publicURL, expiresAt: expiresAt), status: .created)
    }

    private func find(_ name: String, among runners: [StoredRunner]) throws -> StoredRunner {
        if let runner = runners.first(where: { $0.name == name }) { return runner }
        let guess = NearestName.of(name, among: runners.map(\.name)).map { " Did you mean \($0)?" } ?? ""
        throw APIRefusal(.notFound, "there is no runner \(name).\(guess)  pawl runner list")
    }

    private func views(of runners: [StoredRunner], _ call: APICall) async throws -> [RunnerView] {
        let names = Dictionary(
            try await call.store.repositories().map { ($0.id, $0.reference.name) },
            uniquingKeysWith: { first, _ in first })
        let now = call.now
        var views: [RunnerView] = []
        for runner in runners {
            let live = try await call.store.liveAttempts(ofRunner: runner.id)
            views.append(RunnerView(runner, live: live, repositories: names, now: now))
        }
        return views
    }

    private func repositories(_ names: [String], _ call: APICall) async throws -> [RepositoryID] {
        guard names.count <= 1_000 else { throw APIRefusal(.invalid, "a runner is bound to 1000 repositories at most") }
        var ids: [RepositoryID] = []
        for name in names { ids.append(try await call.repository(name).id) }
        return ids
    }

    private static func tags(_ tags: [String]) throws -> [String] {
        guard tags.count <= 50, tags.allSatisfy({ (1...255).contains($0.count) && !$0.contains(where: \.isNewline) })
        else { throw APIRefusal(.invalid, "a runner has up to 50 tags of 1 to 255 characters") }
        return tags
    }

    private static func slots(_ slots: Int) throws -> Int {
        guard (1...1_024).contains(slots) else { throw APIRefusal(.invalid, "a runner has 1 to 1024 slots") }
        return slots
    }
}
