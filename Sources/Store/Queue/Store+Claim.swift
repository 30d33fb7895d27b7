import PipelineModel

extension Store {
    /// Hands out the next job that a runner may take and has room for; nil when there is none.
    ///
    /// The hand-out is a lease: it ends at `now + leaseFor` unless renewed, and nothing may start before it is
    /// acknowledged. GPUs go with it, and are nobody else's while the attempt lives. A job that would deploy something
    /// older than what its environment has is failed instead of handed out, and one whose environment or resource group
    /// another has waits for that one's end. However many claim at once, a job goes to one, and so does a device.
    /// - Throws: `StoreError.notFound` where there is no such runner, or it was removed.
    public func claim(
        by runner: RunnerID, leaseFor: Duration, tokenHash: [UInt8]? = nil, now: Timestamp
    ) async throws -> Claim? {
        let settings = settings
        let needs = needs
        let claim = try await change { connection, consequences -> Claim? in
            guard let desk = try ClaimDesk(for: runner, needs: needs, on: connection, now: now) else {
                consequences.changesPipelines = false
                return nil
            }
            while let candidate = try desk.next() {
                guard let job = try Self.take(candidate.job, on: connection) else { continue }
                if let environment = job.deploysTo,
                    let newer = try Self.newerDeployment(in: environment, than: job.pipeline, on: connection)
                {
                    try Self.refuseOutdated(
                        job, newer: newer, on: connection, settings: settings, &consequences, now: now)
                    continue
                }
                if let other = try Self.takeTurns(of: job, on: connection) {
                    try Self.putBack(job.id, until: other, on: connection)
                    continue
                }
                let grant = Grant(
                    runner: desk.runner, needs: candidate.lane.demand.needs,
                    gpus: desk.gpus(for: candidate), tokenHash: tokenHash)
                return try Self.lease(job, as: grant, for: leaseFor, on: connection, now: now)
            }
            consequences.changesPipelines = consequences.owesMessages
            return nil
        }
        if claim != nil { settings.faults.reach(.claimed) }
        return claim
    }

    /// When the next job that is ready may be handed out, after a moment where one is given, so that jobs that are ready
    /// for other runners only are left aside; nil when none waits.
    public func nextReadyAt(after moment: Timestamp? = nil) async throws -> Timestamp? {
        let moment = moment ?? Timestamp(milliseconds: .min)
        return try await database.read { connection in
            try connection.row("SELECT min(ready_at) AS at FROM job WHERE state = 'ready' AND ready_at > $1", moment)?
                .optionalTime("at")
        }
    }

    /// A job that this transaction has taken out of the queue.
    struct TakenJob {
        var id: JobID
        var pipeline: PipelineID
        var name: String
        var deploysTo: String?
        var resourceGroup: String?
        var epoch: Int64
        var number: Int
    }

    /// What goes with a hand-out.
    private struct Grant {
        var runner: StoredRunner
        var needs: MachineNeeds
        var gpus: [StoredGPU]
        var tokenHash: [UInt8]?
    }

    private static func take(_ job: JobID, on connection: any DatabaseConnection) throws -> TakenJob? {
        let row = try connection.row(
            """
            UPDATE job SET state = 'running', lease_epoch = lease_epoch + 1, attempts = attempts + 1
            WHERE id = $1 AND state = 'ready'
            RETURNING id, pipeline, name, environment, is_deployment, resource_group, lease_epoch, attempts
            """, job)
        guard let row else { return nil }
        return TakenJob(
            id: try row.id("id"), pipeline: try row.id("pipeline"), name: try row.text("name"),
            deploysTo: try row.bool("is_deployment") ? try row.optionalText("environment") : nil,
            resourceGroup: try row.optionalText("resource_group"), epoch: try row.integer("lease_epoch"),
            number: try row.int("attempts"))
    }

    private static func lease(
        _ job: TakenJob, as grant: Grant, for duration: Duration, on connection: any DatabaseConnection,
        now: Timestamp
    ) throws -> Claim {
        let id = try connection.insert(
            """
            INSERT INTO attempt (
                job, number, epoch, runner, runner_id, state, lease_until, claimed_at, gpus, needs, token_hash)
            VALUES ($1, $2, $3, $4, $5, 'claimed', $6, $7, $8, $9, $10) RETURNING id
            """, job.id, job.number, job.epoch, grant.runner.offer.name, grant.runner.id, now + duration, now,
            try jsonText(grant.gpus.map { GrantedGPU($0.gpu) }), try jsonText(grant.needs), grant.tokenHash)
        let attempt = AttemptID(rawValue: id)
        try connection.execute("UPDATE job SET attempt = $2 WHERE id = $1", job.id, attempt)
        for gpu in grant.gpus { try gpu.give(to: attempt, on: connection) }
        return Claim(
            key: LeaseKey(job: job.id, attempt: attempt, epoch: job.epoch), pipeline: job.pipeline, jobName: job.name,
            leaseFor: duration)
    }

    private static func refuseOutdated(
        _ job: TakenJob, newer: PipelineID, on connection: any DatabaseConnection, settings: StoreSettings,
        _ consequences: inout Consequences, now: Timestamp
    ) throws {
        // It was never handed out, so there is no attempt to be counted.
        try connection.execute("UPDATE job SET attempts = attempts - 1 WHERE id = $1", job.id)
        let failure = Failure(.policy, "\(job.deploysTo ?? "it") runs #\(newer), newer than #\(job.pipeline)")
        try end(
            job.id, of: job.pipeline, unclaimed: failure, on: connection, settings: settings, &consequences, now: now)
    }
}
