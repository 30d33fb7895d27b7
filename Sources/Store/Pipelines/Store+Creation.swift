import PipelineModel

extension Store {
    /// Makes a pipeline with its jobs, and ends the intake of the delivery it comes from, in one transaction.
    ///
    /// In the same transaction: jobs that wait for nothing become ready, the forge is owed the first statuses, and older
    /// pipelines of the same branch or pull request are stopped, as far as their jobs are interruptible. Nothing is done
    /// where the delivery has been dealt with, or another with the same event within ten minutes.
    public func createPipeline(
        _ new: NewPipeline, finishing delivery: DeliveryID?, now: Timestamp
    ) async throws -> PipelineCreation {
        let settings = settings
        let creation = try await change { connection, consequences -> PipelineCreation in
            if let delivery, let repeated = try Self.endRepeated(delivery, event: new.event, on: connection, now: now) {
                return repeated
            }
            var made = try Self.insert(new, delivery: delivery, on: connection, now: now)
            try made.save(on: connection, settings: settings, &consequences, now: now)
            let id = made.pipeline.id
            if let delivery {
                try connection.execute(
                    """
                    UPDATE delivery
                    SET state = 'planned', reason = NULL, finished_at = $2, pipeline = $3, event_subject = $4,
                        event_identity = $5, tries = tries + 1
                    WHERE id = $1
                    """, delivery, now, id, new.event?.subject, new.event?.text)
            }
            try Self.supersede(by: made.pipeline, on: connection, settings: settings, &consequences, now: now)
            return .created(id)
        }
        settings.faults.reach(.planned)
        return creation
    }

    /// Ends a delivery that has nothing left to do; nil where there is a pipeline to be made.
    private static func endRepeated(
        _ id: DeliveryID, event: EventIdentity?, on connection: any DatabaseConnection, now: Timestamp
    ) throws -> PipelineCreation? {
        let row = try connection.row("SELECT state, received_at, pipeline FROM delivery WHERE id = $1", id)
        guard let row else { throw StoreError(.notFound, message: "There is no delivery d\(id).") }
        guard try row.word("state", DeliveryState.self) == .stored else {
            return .repeated(id, try row.optionalID("pipeline"))
        }
        guard let event else { return nil }
        // The newest other event on the ref: where the branch has gone elsewhere since, this is not a repetition.
        let newest = try connection.row(
            """
            SELECT id, event_identity, received_at, pipeline FROM delivery
            WHERE event_subject = $1 AND id <> $2 AND state IN ('planned', 'ignored') ORDER BY id DESC LIMIT 1
            """, event.subject, id)
        guard let newest, try newest.text("event_identity") == event.text else { return nil }
        let apart = try row.time("received_at") - newest.time("received_at")
        guard apart <= EventIdentity.window, apart >= .zero - EventIdentity.window else { return nil }
        let earlier: DeliveryID = try newest.id("id")
        try connection.execute(
            """
            UPDATE delivery SET state = 'duplicate', reason = $2, finished_at = $3, tries = tries + 1 WHERE id = $1
            """, id, "the same event as d\(earlier)", now)
        return .repeated(earlier, try newest.optionalID("pipeline"))
    }

    private static func insert(
        _ new: NewPipeline, delivery: DeliveryID?, on connection: any DatabaseConnection, now: Timestamp
    ) throws -> PipelineChange {
        let plan: Plan?
        let state: PipelineState
        var reason: String?
        var diagnostics: [Diagnostic] = []
        switch new.planning {
        case .planned(let planned):
            plan = planned
            reason = planned.jobs.isEmpty ? new.emptyReason : nil
            diagnostics = planned.warnings
            state = planned.jobs.isEmpty ? .empty : new.isHeld ? .held : .running
        case .notPlanned(let why, let found):
            plan = nil
            reason = why
            diagnostics = found
            state = .notPlanned
        }
        let id = try connection.insert(
            """
            INSERT INTO pipeline (
                repository, source, ref, commit_sha, before_sha, fetch_url, pull_request, title, author, is_protected,
                is_fork, state, reason, delivery, event_order, created_at, finished_at, diagnostics, variables, plan)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
            RETURNING id
            """,
            new.repository, new.source, new.ref, new.commit, new.before, new.fetchURL, new.pullRequest, new.title,
            new.author, new.trust.isProtected, new.trust.isFork, state, reason, delivery,
            try eventOrder(of: new, from: delivery, on: connection), now, state.isEnded ? now : nil,
            try jsonText(diagnostics), try jsonText(new.variables), try plan.map { try jsonText($0) })
        let pipeline = PipelineID(rawValue: id)
        try insertJobs(of: pipeline, plan: plan, from: new, on: connection)
        if let plan, !plan.gatedNodes.isEmpty || !plan.missingGates.isEmpty {
            try connection.execute("UPDATE repository SET uses_gates = 1 WHERE id = $1", new.repository)
        }
        guard let row = try connection.row("SELECT \(StoredPipeline.columns) FROM pipeline WHERE id = $1", pipeline)
        else { throw StoreError(.corrupt, message: "Pipeline #\(pipeline) was stored and is not there.") }
        let jobs = try connection.rows(
            "SELECT \(JobRow.columns) FROM job WHERE pipeline = $1 ORDER BY position", pipeline
        ).map(JobRow.init(row:))
        return try PipelineChange(
            made: try StoredPipeline(row: row), plan: plan ?? Plan(stages: [], jobs: []), jobs: jobs, on: connection)
    }

    private static func insertJobs(
        of pipeline: PipelineID, plan: Plan?, from new: NewPipeline, on connection: any DatabaseConnection
    ) throws {
        // Nothing from a fork is ever what an environment has, approved or not.
        let mayDeploy = !new.trust.isFork
        let priority = try StoredRepository.find(new.repository, on: connection).settings.priority.rank
        for (position, job) in (plan?.jobs ?? []).enumerated() {
            try connection.execute(
                """
                INSERT INTO job (
                    pipeline, position, name, stage, environment, is_deployment, lane, resource_group, state,
                    is_played, priority, lease_epoch, attempts, spent, node, seed)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', 0, $9, 0, 0, 0, $10, $11)
                """,
                pipeline, position, job.name, job.stage, new.environments[job.name] ?? job.environment?.name,
                mayDeploy && job.environment?.action == .start,
                try Lane.number(
                    for: MachineNeeds(of: job), of: new.repository, trust: new.trust, on: connection),
                new.resourceGroups[job.name] ?? job.resourceGroup, priority, job.node, job.seed?.number)
        }
    }
}
