import GitRepositories
import Hummingbird
import PipelineModel
import Signing
import Store

extension APIRoutes {
    /// What a token with scope `read` may ask for.
    var readingRoutes: [Route] {
        func get(_ path: RouterPath, _ handler: @escaping Handler) -> Route {
            Route(method: .get, path: path, scope: .read, purpose: "read", handler: handler)
        }
        return [
            get("/api/version") { try .json(VersionView(version: $0.environment.version, at: $0.now)) },
            get("/api/doctor", doctor),
            get("/api/pipelines", listPipelines),
            get("/api/pipelines/latest", latestPipeline),
            get("/api/pipelines/{id}", { try .json(PipelineDetailView(try await $0.pipeline(), at: $0.now)) }),
            get("/api/pipelines/{id}/follow", followPipeline),
            get("/api/pipelines/{id}/why", why),
            get("/api/pipelines/{id}/report", report),
            get("/api/pipelines/{id}/evidence", evidence),
            get("/api/evidence-key", evidenceKey),
            get("/api/pipelines/{id}/log", log),
            get("/api/pipelines/{id}/artifact", artifact),
            get("/api/deliveries", listDeliveries),
            get("/api/outbox", listMessages),
            get("/api/repositories", listRepositories),
            get("/api/usage", usage),
        ]
    }

    private func doctor(_ call: APICall) async throws -> Response {
        try .json(
            DoctorView(
                version: environment.version, checks: await environment.examine(),
                repositories: try await call.store.repositories().count, at: environment.now()))
    }

    private func listPipelines(_ call: APICall) async throws -> Response {
        let limit = try call.number("limit", in: 1...500, default: 20)
        let before = try call.number("before", in: 1...Int64.max, default: Int64.max)
        var repository: StoredRepository?
        if let name = call.query("repository") { repository = try await call.repository(name) }
        let names = try await call.repositoryNames()
        let pipelines = try await call.store.pipelines(
            of: repository?.id, before: before == .max ? nil : PipelineID(rawValue: before), limit: limit)
        return try .json(
            PipelineListView(
                pipelines: pipelines.compactMap { pipeline in
                    names[pipeline.repository].map { PipelineView(pipeline, of: $0) }
                }))
    }

    /// The newest pipeline of a commit, for plain job names inside a checkout.
    private func latestPipeline(_ call: APICall) async throws -> Response {
        let commit = try call.required("commit").lowercased()
        var repository: RepositoryID?
        if let name = call.query("repository") { repository = try await call.repository(name).id }
        guard let id = try await call.store.newestPipeline(forCommit: commit, of: repository),
            let detail = try await call.store.pipeline(id)
        else {
            throw APIRefusal(
                .notFound, "no pipeline has run for \(commit.prefix(7)): push it, or name one.  pawl list")
        }
        return try .json(PipelineDetailView(detail, at: call.now))
    }

    /// A line of JSON whenever something about the pipeline changes, until it has ended.
    private func followPipeline(_ call: APICall) async throws -> Response {
        let id = try await call.pipeline().pipeline.id
        let (store, now) = (call.store, environment.now)
        return .streaming(call.request, type: "application/jsonl") { writer in
            var shown: PipelineDetailView?
            while true {
                let seen = store.pipelineChanged.count
                guard let detail = try await store.pipeline(id) else { return }
                let view = PipelineDetailView(detail, at: now())
                if view.showsSame(as: shown) {
                    // An empty line keeps proxies from closing a quiet connection.
                    try await writer.write(ByteBuffer(string: "\n"))
                } else {
                    try await writer.write(ByteBuffer(bytes: try Response.jsonBytes(view) + [UInt8(ascii: "\n")]))
                    shown = view
                }
                if detail.pipeline.state.isEnded { return }
                await store.pipelineChanged.wait(after: seen, atMost: Self.keepAlive)
                try Task.checkCancellation()
            }
        }
    }

    /// How long a stream is silent before it shows that it lives, which also backs up a lost signal.
    static let keepAlive = Duration.seconds(20)

    private func why(_ call: APICall) async throws -> Response {
        let detail = try await call.pipeline()
        let job = try call.job(of: detail)
        let ahead = job.state == .ready ? try await call.store.queuePosition(of: job.id) : nil
        let proofs =
            detail.plan?.job(named: job.name)?.hasInputs == true ? try await call.store.proofFacts(of: job.id) : nil
        let question = WhyQuestion(
            detail: detail, job: job, place: ahead.map { $0 + 1 }, pool: try await call.store.pool(),
            before: try await call.store.jobsBefore(job.id, limit: 3),
            budget: ahead == nil
                ? nil : try await call.store.gpuBudget(of: detail.pipeline.repository, now: call.now),
            endsAt: try await call.store.unservedSince(job.id).map { $0 + environment.noRunnerTimeout },
            proofs: proofs, inputCommits: try await inputCommits(proofs, of: detail, call), now: call.now)
        return try .json(question.answer())
    }

    /// The newest commits that changed what a job reads since it was proved, by path. An answer without them is one.
    private func inputCommits(
        _ proofs: Store.ProofFacts?, of detail: PipelineDetail, _ call: APICall
    ) async throws -> [String: CommitDescription] {
        guard let mirrors = environment.mirrors, let proof = proofs?.proof,
            let paths = ProofEvidence(proofs)?.changedInputs, !paths.isEmpty,
            let proved = try await call.store.pipeline(proof.attempt.pipeline)?.pipeline
        else { return [:] }
        var commits: [String: CommitDescription] = [:]
        for path in paths {
            commits[path] = try? await mirrors.newestChange(
                of: path, after: proved.commit, upTo: detail.pipeline.commit, in: detail.repository.reference)
        }
        return commits
    }

    private func report(_ call: APICall) async throws -> Response {
        let detail = try await call.pipeline()
        let gathering = ReportGathering(
            store: call.store, pageURL: { _ in nil }, mirrors: environment.mirrors)
        let report = try await gathering.report(on: detail, now: call.now)
        return try .json(ReportView(report, on: detail, usage: PipelineDetailView(detail, at: call.now).usage))
    }

    private func evidence(_ call: APICall) async throws -> Response {
        let detail = try await call.pipeline()
        guard let statement = VerdictStatement(on: detail, at: call.now) else {
            throw APIRefusal(
                .notFound, "nothing of #\(detail.pipeline.id) was judged.  pawl show \(detail.pipeline.id)")
        }
        return try .json(try statement.signed(with: try signingKey()))
    }

    private func evidenceKey(_ call: APICall) async throws -> Response {
        try .json(EvidenceKeyView(pem: try signingKey().publicPEM()))
    }

    private func signingKey() throws -> Ed25519Key {
        guard let key = environment.evidenceKey else {
            throw APIRefusal(.fault, "this server has no key to sign with")
        }
        return key
    }

    private func listDeliveries(_ call: APICall) async throws -> Response {
        let limit = try call.number("limit", in: 1...500, default: 20)
        var repository: RepositoryReference?
        if let name = call.query("repository") { repository = try await call.repository(name).reference }
        let deliveries = try await call.store.deliveries(of: repository, limit: limit)
        let references = try await call.repositoryNames().values
        return try .json(
            DeliveryListView(
                deliveries: deliveries.map { delivery in
                    let known = references.first { $0.forge == delivery.forge && $0.remoteID == delivery.remoteID }
                    return DeliveryView(delivery, repository: known?.name)
                }))
    }

    private func listMessages(_ call: APICall) async throws -> Response {
        let limit = try call.number("limit", in: 1...1_000, default: 200)
        let messages = try await call.store.outbox(of: try call.pipelineFilter(), limit: limit)
        return try .json(
            MessageListView(
                messages: messages.map { MessageView($0, isHeard: environment.isHeard($0.repository.forge)) }))
    }

    private func listRepositories(_ call: APICall) async throws -> Response {
        var views: [RepositoryView] = []
        for repository in try await call.store.repositories() {
            var view = RepositoryView(repository)
            view.gpuHours = try await call.store.gpuBudget(of: repository.id, now: call.now).spent
            views.append(view)
        }
        return try .json(RepositoryListView(repositories: views))
    }
}

extension APICall {
    /// The one pipeline that the query asks about; nil for all.
    func pipelineFilter() throws -> PipelineID? {
        guard query("pipeline") != nil else { return nil }
        return PipelineID(rawValue: try number("pipeline", in: 1...Int64.max, default: 0))
    }

    /// Every repository's reference by Pawl's number.
    func repositoryNames() async throws -> [RepositoryID: RepositoryReference] {
        Dictionary(
            try await store.repositories().map { ($0.id, $0.reference) }, uniquingKeysWith: { first, _ in first })
    }
}
