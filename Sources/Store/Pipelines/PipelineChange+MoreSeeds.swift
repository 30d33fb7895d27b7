import PipelineModel

extension Store {
    /// Adds seeds to what the gates of a pipeline judge, and to the jobs with seeds that it needs. Those there are count on,
    /// and all are judged together when the new ones have ended.
    /// - Parameter node: a node that is judged, or that something judged needs; nil for all that are judged.
    /// - Returns: the names of the new jobs.
    /// - Throws: `StoreError.refused` where nothing is judged, has seeds, or there would be too many.
    public func addSeeds(
        _ count: Int, to node: String?, of id: PipelineID, by: String, now: Timestamp
    ) async throws -> [String] {
        let settings = settings
        return try await change { connection, consequences in
            var change = try PipelineChange(id, on: connection)
            let names = try change.addSeeds(count, to: node, by: by, on: connection, now: now)
            try change.save(on: connection, settings: settings, &consequences, now: now)
            return names
        }
    }
}

extension PipelineChange {
    /// Adds seeds. What waited for the verdict waits for the next one; what has begun goes on.
    /// - Returns: the names of the new jobs.
    mutating func addSeeds(
        _ count: Int, to node: String?, by person: String, on connection: any DatabaseConnection, now: Timestamp
    ) throws -> [String] {
        try refuseIfHeld()
        let more: Plan.MoreSeeds
        do throws(Plan.SeedRefusal) {
            more = try plan.adding(seeds: count, to: node)
        } catch {
            throw StoreError(.refused, message: Self.words(of: error, in: pipeline.id))
        }
        let added = try insert(more.plan.jobs.dropFirst(jobs.count), on: connection)
        try connection.execute("UPDATE pipeline SET plan = $2 WHERE id = $1", pipeline.id, try jsonText(more.plan))
        let judged = jobs.indices.filter { more.judged.contains(plan.jobs[$0].node) }
        let dependants = Set(judged.flatMap { progress.dependants(of: jobs[$0].name) })
        extend(to: more.plan, with: added)
        setReason(nil)
        for index in judged where [.passed, .proved].contains(jobs[index].state) || jobs[index].failure?.class == .gate
        {
            update(index) { $0.awaitVerdict(now: $0.finishedAt ?? now) }
        }
        for (index, job) in jobs.enumerated() where dependants.contains(job.name) {
            guard [.notRun, .proving, .ready, .manual].contains(job.state) else { continue }
            update(index) { $0.beginAgain(isPlayed: $0.isPlayed) }
        }
        let names = added.map(\.name)
        try AuditEntry(
            at: now, by: person, action: "pipeline.more-seeds", subject: "#\(pipeline.id)",
            detail: names.joined(separator: ", ")
        ).insert(on: connection)
        return names
    }

    /// Makes a row for each new job, after that of its node's first seed.
    private func insert(_ made: ArraySlice<PlannedJob>, on connection: any DatabaseConnection) throws -> [JobRow] {
        for (position, job) in zip(made.indices, made) {
            try connection.execute(
                """
                INSERT INTO job (
                    pipeline, position, name, stage, environment, is_deployment, lane, resource_group, state,
                    is_played, priority, lease_epoch, attempts, spent, node, seed)
                SELECT pipeline, $2, $3, stage, environment, is_deployment, lane, resource_group, 'waiting', 0, priority,
                    0, 0, 0, node, $4
                FROM job WHERE pipeline = $1 AND node = $5 AND seed = $6
                """, pipeline.id, position, job.name, job.seed?.number, job.node, SeedExpansion.shipped)
        }
        return try connection.rows(
            "SELECT \(JobRow.columns) FROM job WHERE pipeline = $1 AND position >= $2 ORDER BY position", pipeline.id,
            jobs.count
        ).map(JobRow.init(row:))
    }

    private static func words(of refusal: Plan.SeedRefusal, in pipeline: PipelineID) -> String {
        switch refusal {
        case .notJudged(nil): "No gate judges anything of #\(pipeline): more seeds would decide nothing."
        case .notJudged(let node?):
            "No gate judges \(pipeline)/\(node), or anything that needs it: more seeds would decide nothing."
        case .noSeeds(let node):
            "\(pipeline)/\(node) has no seeds: run again it would say the same. Write  ml: {seeds: 5}  and push."
        case .tooMany(let node):
            "\(pipeline)/\(node) would have more than \(SeedExpansion.limit) seeds, which is the most."
        }
    }
}
