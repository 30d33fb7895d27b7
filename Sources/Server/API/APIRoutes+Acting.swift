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
            post("/api/outbox/retry", "retry what forges are owed", retryMessages),
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
            return try await change(call, from: detail) { _ in "pipeline #\(id) is stopped" }
        }
        let job = try call.job(of: detail)
        try await call.store.cancelJob(job.id, because: reason, by: call.by, now: call.now)
        return try await change(call, from: detail) { _ in "\(id)/\(job.name) is stopped" }
    }

    private func play(_ call: APICall) async throws -> Response {
        let detail = try await call.pipeline()
        let job = try call.job(of: detail)
        try await call.store.play(job.id, by: call.by, now: call.now)
        return try await change(call, from: detail, named: [job.name]) { words in
            "\(detail.pipeline.id)/\(job.name): \(words[job.name] ?? "started")"
        }
    }

    private func retry(_ call: APICall) async throws -> Response {
        let detail = try await call.pipeline()
        let id = detail.pipeline.id
        let before = try await call.store.outbox(of: id, limit: StatusWatch.limit).last?.id
        let names: [String]
        if let more = call.query("more-seeds") {
            guard let count = Int(more), (1...SeedExpansion.limit).contains(count) else {
                throw APIRefusal(.invalid, "more-seeds is a number from 1 to \(SeedExpansion.limit)")
            }
            let node = call.query("job").map { name in detail.plan?.job(named: name)?.node ?? name }
            names = try await call.store.addSeeds(count, to: node, of: id, by: call.by, now: call.now)
        } else if call.flag("failed") {
            names = try await call.store.retryFailed(id, by: call.by, now: call.now)
        } else {
            let job = try call.job(of: detail)
            try await call.store.retry(
                job.id, anyway: call.flag("anyway"), fresh: call.flag("fresh"), by: call.by, now: call.now)
            names = [job.name]
        }
        var standings: [String: StatusWatch.Standing] = [:]
        if environment.isHeard(detail.repository.reference.forge) {
            let patience = environment.statusPatience
            standings = try await StatusWatch(store: call.store, pipeline: id, after: before, patience: patience)
                .standings(of: names)
        }
        return try await change(call, from: detail, named: names, standings: standings) { _ in
            call.query("more-seeds") == nil
                ? "\(names.joined(separator: ", ")): to run again"
                : "\(names.count) more jobs; all seeds are judged together when they have ended"
        }
    }

    private func approve(_ call: APICall) async throws -> Response {
        let detail = try await call.pipeline()
        let id = detail.pipeline.id
        // The approval is for the commit that was looked at, not for whatever the pull request holds by now.
        let commit = try call.required("commit").lowercased()
        try await call.store.approve(id, commit: commit, by: call.by, now: call.now)
        return try await change(call, from: detail) { _ in
            "#\(id) is approved for \(commit.prefix(7)), this commit only"
        }
    }

    private func replay(_ call: APICall) async throws -> Response {
        let id: DeliveryID = try call.id()
        guard let found = try await call.store.delivery(id) else {
            throw APIRefusal(.notFound, "there is no delivery d\(id).  pawl deliveries")
        }
        // A second pipeline of one event would be told of under the same contexts as the first.
        if found.state == .planned, let pipeline = found.pipeline {
            throw APIRefusal(
                .refused, "d\(id) became #\(pipeline).  pawl retry \(pipeline)/JOB, or a new one: pawl run REPOSITORY")
        }
        try await environment.replay(id, call.by)
        let delivery = try await call.store.delivery(id) ?? found
        return try .json(DeliveryView(delivery, repository: nil))
    }

    private func retryMessages(_ call: APICall) async throws -> Response {
        let owed = try await call.store.retryMessages(of: try call.pipelineFilter(), by: call.by, now: call.now)
        return try .json(
            MessageListView(
                messages: owed.map { MessageView($0, isHeard: environment.isHeard($0.repository.forge)) }))
    }

    /// What has become different between before and now, job by job.
    /// - Parameters:
    ///   - named: the jobs that a person spoke of.
    ///   - standings: how far the forge has been told of them.
    ///   - text: the change in a sentence, from the words for each job.
    private func change(
        _ call: APICall, from before: PipelineDetail, named: [String] = [],
        standings: [String: StatusWatch.Standing] = [:], _ text: ([String: String]) -> String
    ) async throws -> Response {
        let words = ChangeWords(before: before, now: try await call.pipeline(), named: named, standings: standings)
        let jobs = words.jobs()
        let byName = Dictionary(jobs.map { ($0.name, $0.text) }, uniquingKeysWith: { first, _ in first })
        return try .json(ChangeView(pipeline: before.pipeline.id, text: text(byName), jobs: jobs))
    }
}
