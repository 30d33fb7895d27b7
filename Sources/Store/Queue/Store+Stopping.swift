import PipelineModel

extension Store {
    /// Stops a pipeline: what has not started ends now, what runs is told to stop at its next heartbeat.
    /// - Throws: `StoreError.refused` where it has ended, `notFound` where there is none.
    public func cancelPipeline(
        _ id: PipelineID, because reason: String, by: String, now: Timestamp
    ) async throws {
        let settings = settings
        try await change { connection, consequences in
            var change = try PipelineChange(id, on: connection)
            guard !change.pipeline.state.isEnded else {
                throw StoreError(
                    .refused,
                    message: "#\(id) has ended (\(change.pipeline.state.rawValue)); nothing to cancel: pawl show \(id)")
            }
            try change.stop(because: reason, on: connection, now: now)
            try change.save(on: connection, settings: settings, &consequences, now: now)
            try AuditEntry(at: now, by: by, action: "pipeline.cancel", subject: "#\(id)", detail: reason)
                .insert(on: connection)
        }
    }

    /// Stops every pipeline of a ref that has not ended, as when its branch was deleted, whatever is interruptible.
    public func cancelPipelines(
        ofRef ref: String, in repository: RepositoryID, because reason: String, now: Timestamp
    ) async throws -> [PipelineID] {
        let settings = settings
        return try await change { connection, consequences in
            let ids = try connection.rows(
                """
                SELECT id FROM pipeline
                WHERE repository = $1 AND ref = $2 AND state IN ('held', 'running', 'manual') ORDER BY id
                """, repository, ref
            ).map { try $0.id("id", PipelineID.self) }
            return try ids.filter { id in
                try Self.skippingUnreadable(settings) {
                    var change = try PipelineChange(id, on: connection)
                    try change.stop(because: reason, on: connection, now: now)
                    try change.save(on: connection, settings: settings, &consequences, now: now)
                }
            }
        }
    }

    /// Stops one job: at once where it has not started, else at its runner's next heartbeat.
    /// - Throws: `StoreError.refused` where it has ended, `notFound` where there is none.
    public func cancelJob(_ id: JobID, because reason: String, by: String, now: Timestamp) async throws {
        try await changeByPerson(id, action: "job.cancel", by: by, now: now) { change, index, connection in
            let job = change.jobs[index]
            guard !job.state.isEnded else {
                throw StoreError(
                    .refused,
                    message: "\(change.pipeline.id)/\(job.name) has ended (\(job.state.rawValue)); nothing to cancel: "
                        + "pawl show \(change.pipeline.id)")
            }
            if change.pipeline.state == .held {
                throw StoreError(
                    .refused, message: "#\(change.pipeline.id) is held as a whole: pawl cancel \(change.pipeline.id)")
            }
            try change.stopJob(index, because: reason, on: connection, now: now)
        }
    }

    /// Changes a job's pipeline for a person, and writes down who it was.
    func changeByPerson(
        _ job: JobID, action: String, by: String, now: Timestamp,
        _ body: @escaping @Sendable (inout PipelineChange, Int, any DatabaseConnection) throws -> Void
    ) async throws {
        let settings = settings
        try await change { connection, consequences in
            var change = try PipelineChange(try Self.pipeline(of: job, on: connection), on: connection)
            let index = try change.index(of: job)
            try body(&change, index, connection)
            try change.save(on: connection, settings: settings, &consequences, now: now)
            let subject = "\(change.pipeline.id)/\(change.jobs[index].name)"
            try AuditEntry(at: now, by: by, action: action, subject: subject).insert(on: connection)
        }
    }
}
