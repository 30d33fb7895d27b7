import PipelineModel

extension Store {
    /// Stops the older pipelines of the branch or pull request that a new one is for: those of older events, so that one
    /// that is planned late stops nothing that is newer than it.
    ///
    /// Each in the way that its own plan says. By default that is GitLab's conservative one: it is left alone as soon as
    /// a job of it has started that is not interruptible. One that only waits for a person is left alone too, and one
    /// that is held gives way, since an approval is for a commit.
    static func supersede(
        by new: StoredPipeline, on connection: any DatabaseConnection, settings: StoreSettings,
        _ consequences: inout Consequences, now: Timestamp
    ) throws {
        guard new.source == .push || new.source == .pullRequest else { return }
        let older = try connection.rows(
            """
            SELECT id FROM pipeline
            WHERE repository = $1 AND source = $2 AND (event_order, id) < ($6, $3) AND state IN ('held', 'running')
                AND (source = 'push' AND ref = $4 OR source = 'pr' AND pull_request = $5)
            ORDER BY event_order, id
            """, new.repository, new.source, new.id, new.ref, new.pullRequest, new.eventOrder)
        for row in older {
            _ = try skippingUnreadable(settings) {
                var change = try PipelineChange(try row.id("id"), on: connection)
                try change.giveWay(to: new.id, on: connection, now: now)
                try change.save(on: connection, settings: settings, &consequences, now: now)
            }
        }
    }

    /// Changes one pipeline of several. One that cannot be read is logged and left out: it must not hold up the others.
    /// - Returns: whether it could be read.
    static func skippingUnreadable(_ settings: StoreSettings, _ body: () throws -> Void) throws -> Bool {
        do {
            try body()
            return true
        } catch let error as StoreError where error.code == .corrupt {
            settings.logger.error("a pipeline could not be stopped", metadata: ["error": "\(error)"])
            return false
        }
    }
}

extension PipelineChange {
    /// Stops what a newer pipeline stops of this one.
    fileprivate mutating func giveWay(
        to newer: PipelineID, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        let reason = "superseded by #\(newer)"
        switch plan.onNewCommit ?? .conservative {
        case .none: return
        case .interruptible where pipeline.state != .held:
            for (index, planned) in plan.jobs.enumerated() where planned.interruptible && !jobs[index].state.isEnded {
                try stopJob(index, because: reason, on: connection, now: now)
            }
        case .conservative, .interruptible:
            let isInTheWay = zip(plan.jobs, jobs).contains { planned, job in !planned.interruptible && job.wasStarted }
            if !isInTheWay { try stop(because: reason, on: connection, now: now) }
        }
    }
}
