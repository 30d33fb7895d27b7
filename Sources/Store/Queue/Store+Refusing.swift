import PipelineModel

extension Store {
    /// Ends a job that nobody has claimed and that is not handed out to anybody: there is no attempt of it.
    static func end(
        _ job: JobID, of pipeline: PipelineID, unclaimed failure: Failure, on connection: any DatabaseConnection,
        settings: StoreSettings, _ consequences: inout Consequences, now: Timestamp
    ) throws {
        do {
            var change = try PipelineChange(pipeline, on: connection)
            let index = try change.index(of: job)
            let isAllowed = change.plan.jobs[index].allowFailure.covers(failure)
            change.update(index) { $0.end(as: isAllowed ? .failedAllowed : .failed, failure: failure, now: now) }
            try change.save(on: connection, settings: settings, &consequences, now: now)
        } catch let error as StoreError where error.code == .corrupt {
            try endUnreadable(job, because: error, on: connection, settings: settings, &consequences, now: now)
        }
    }
}
