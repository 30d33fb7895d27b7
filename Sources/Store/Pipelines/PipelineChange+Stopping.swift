import PipelineModel

extension PipelineChange {
    /// Stops the whole pipeline: what has not started ends now, what runs is asked to stop.
    mutating func stop(because reason: String, on connection: any DatabaseConnection, now: Timestamp) throws {
        setReason(reason)
        if pipeline.state == .held { release(to: .cancelled) }
        for index in jobs.indices where !jobs[index].state.isEnded {
            try stopJob(index, because: reason, on: connection, now: now)
        }
    }

    /// Stops one job: at once where nothing of it has started, else by asking its runner at the next heartbeat.
    mutating func stopJob(
        _ index: Int, because reason: String, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        let job = jobs[index]
        if job.state == .running, try !withdrawUnacknowledged(job, on: connection, now: now) {
            update(index) { $0.cancelReason = reason }
        } else {
            update(index) { $0.end(as: .cancelled, failure: Failure(.cancelled, reason), now: now) }
        }
    }

    /// Ends a hand-out that its runner has not acknowledged: the acknowledgement is then refused, and nothing starts.
    private func withdrawUnacknowledged(
        _ job: JobRow, on connection: any DatabaseConnection, now: Timestamp
    ) throws -> Bool {
        try connection.execute(
            """
            UPDATE attempt SET state = 'cancelled', finished_at = $3, ended_at = $3
            WHERE id = $1 AND job = $2 AND state = 'claimed'
            """, job.attempt, job.id, now) > 0
    }
}
