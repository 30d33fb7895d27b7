import Hummingbird
import PipelineModel
import Store

extension APIRoutes {
    /// What a token with scope `run` may ask for.
    var actingRoutes: [Route] {
        func post(_ path: RouterPath, _ purpose: String, _ handler: @escaping Handler) -> Route {
            Route(method: .post, path: path, scope: .run, purpose: purpose, handler: handler)
        }
        return [
            post("/api/pipelines", "run", run),
            post("/api/pipelines/{id}/cancel", "cancel", cancel),
            post("/api/pipelines/{id}/play", "play", play),
            post("/api/pipelines/{id}/retry", "retry", retry),
            post("/api/pipelines/{id}/approve", "approve", approve),
            post("/api/deliveries/{id}/replay", "replay", replay),
        ]
    }

    private func run(_ call: APICall) async throws -> Response {
        var wanted: RunRequest = try await call.body()
        wanted.repository = try await call.repository(wanted.repository).reference.name
        let id = try await environment.runPipeline(wanted, call.by)
        guard let detail = try await call.store.pipeline(id) else {
            throw APIRefusal(.fault, "pipeline #\(id) was made and cannot be found.  pawl show \(id)")
        }
        return try .json(PipelineDetailView(detail, at: call.now), status: .created)
    }

    private func cancel(_ call: APICall) async throws -> Response {
        let detail = try await call.pipeline()
        let id = detail.pipeline.id
        let reason = "cancelled by \(call.by)"
        guard call.query("job") != nil else {
            try await call.store.cancelPipeline(id, because: reason, by: call.by, now: call.now)
            return try await change(call, from: detail, "pipeline #\(id) is stopped")
        }
        let job = try call.job(of: detail)
        try await call.store.cancelJob(job.id, because: reason, by: call.by, now: call.now)
        return try await change(call, from: detail, "\(id)/\(job.name) is stopped")
    }

    private func play(_ call: APICall) async throws -> Response {
        let detail = try await call.pipeline()
        let job = try call.job(of: detail)
        try await call.store.play(job.id, by: call.by, now: call.now)
        return try await change(call, from: detail, "\(detail.pipeline.id)/\(job.name) is started")
    }

    private func retry(_ call: APICall) async throws -> Response {
        let detail = try await call.pipeline()
        let id = detail.pipeline.id
        if call.flag("failed") {
            let names = try await call.store.retryFailed(id, by: call.by, now: call.now)
            return try await change(call, from: detail, "\(names.joined(separator: ", ")) queued again", retried: names)
        }
        let job = try call.job(of: detail)
        try await call.store.retry(job.id, by: call.by, now: call.now)
        return try await change(call, from: detail, "\(id)/\(job.name) queued again", retried: [job.name])
    }

    private func approve(_ call: APICall) async throws -> Response {
        let detail = try await call.pipeline()
        let id = detail.pipeline.id
        // The approval is for the commit that was looked at, not for whatever the pull request holds by now.
        let commit = try call.required("commit").lowercased()
        try await call.store.approve(id, commit: commit, by: call.by, now: call.now)
        return try await change(call, from: detail, "#\(id) is approved for \(commit.prefix(7)), this commit only")
    }

    private func replay(_ call: APICall) async throws -> Response {
        let id: DeliveryID = try call.id()
        try await environment.replay(id, call.by)
        guard let delivery = try await call.store.delivery(id) else {
            throw APIRefusal(.notFound, "there is no delivery d\(id).  pawl deliveries")
        }
        return try .json(DeliveryView(delivery, repository: nil))
    }

    /// What has become different between before and now, job by job.
    private func change(
        _ call: APICall, from before: PipelineDetail, _ text: String, retried: [String] = []
    ) async throws -> Response {
        let now = try await call.pipeline()
        let jobs = now.jobs.compactMap { job -> ChangeView.Job? in
            let earlier = before.job(named: job.name)
            let isRetried = retried.contains(job.name)
            guard isRetried || earlier?.state != job.state || earlier?.cancelReason != job.cancelReason else {
                return nil
            }
            return .init(name: job.name, text: Self.words(for: job, before: earlier, isRetried: isRetried))
        }
        return try .json(ChangeView(pipeline: now.pipeline.id, text: text, jobs: jobs))
    }

    private static func words(for job: StoredJob, before: StoredJob?, isRetried: Bool) -> String {
        let next = (job.attempts.last?.number ?? 0) + 1
        if isRetried {
            return "attempt \(job.state == .running ? next - 1 : next) queued, its status is pending again on the forge"
        }
        switch job.state {
        case .ready: return next == 1 ? "queued" : "attempt \(next) queued"
        case .running where job.cancelReason != nil: return "is being stopped"
        case .running: return "runs"
        case .waiting:
            if before?.state == .notRun, let cause = before?.because {
                return "was not run for want of \(cause), waits for it again"
            }
            return "runs again once what it needs has"
        case .manual: return "waits for pawl play"
        case .cancelled: return "cancelled"
        case .notRun: return "not run: \(job.because ?? "the pipeline")"
        case .passed, .failed, .failedAllowed, .judging: return job.state.rawValue
        }
    }
}
