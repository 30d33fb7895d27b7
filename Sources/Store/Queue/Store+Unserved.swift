import PipelineModel

extension Store {
    /// How many jobs one call ends at most.
    private static let unservedLimit = 100

    /// What a look at jobs that nobody can take has come to.
    public struct UnservedJobs: Hashable, Sendable {
        /// Those that were ended.
        public var ended: [JobID] = []
        /// When the next is to be, unless the pool changes; nil where none is.
        public var next: Timestamp?
    }

    /// Ends jobs that are ready and that no runner of the pool can ever take as both are, once that has been so for a
    /// time: nobody would come for them. A runner that is away or paused counts, since it may come back.
    public func endUnserved(for limit: Duration, now: Timestamp) async throws -> UnservedJobs {
        let (settings, needs) = (settings, needs)
        return try await change { connection, consequences in
            var found = UnservedJobs()
            for (lane, since) in try Self.unservedLanes(needs: needs, on: connection, now: now) {
                let failure = Failure(.noRunner, Self.unservedWords(lane.demand))
                for job in try Self.readyJobs(of: lane, on: connection) {
                    let due = max(since, job.readyAt) + limit
                    guard due <= now else {
                        found.next = min(found.next ?? due, due)
                        break
                    }
                    if found.ended.count == Self.unservedLimit {
                        found.next = now
                        break
                    }
                    try Self.end(
                        job.id, of: job.pipeline, unclaimed: failure, on: connection, settings: settings,
                        &consequences, now: now)
                    found.ended.append(job.id)
                }
            }
            consequences.changesPipelines = !found.ended.isEmpty
            return found
        }
    }

    /// Since when no runner can take a job that is ready; nil where one can, or nobody has looked since.
    public func unservedSince(_ job: JobID) async throws -> Timestamp? {
        try await database.read { connection in
            let row = try connection.row(
                """
                SELECT lane.unserved_since, job.ready_at FROM job JOIN lane ON lane.id = job.lane
                WHERE job.id = $1 AND job.state = 'ready'
                """, job)
            guard let row, let since = try row.optionalTime("unserved_since") else { return nil }
            return max(since, try row.time("ready_at"))
        }
    }

    private static func unservedWords(_ demand: JobDemand) -> String {
        let words = demand.words
        return "no runner can take it" + (words.isEmpty ? "" : ": it asks for \(words)")
    }

    /// The lanes with jobs that no runner can take, each with since when, which is noted.
    private static func unservedLanes(
        needs: NeedsCache, on connection: any DatabaseConnection, now: Timestamp
    ) throws -> [(Lane, since: Timestamp)] {
        let rows = try connection.rows(
            """
            SELECT \(Lane.columns), lane.unserved_since FROM lane
            WHERE EXISTS (SELECT 1 FROM job WHERE job.state = 'ready' AND job.lane = lane.id)
            """)
        guard !rows.isEmpty else { return [] }
        let pool = try StoredRunner.all(on: connection).map(\.offer)
        var unserved: [(Lane, since: Timestamp)] = []
        for row in rows {
            let lane = try Lane(row: row, needs: needs)
            let known = try row.optionalTime("unserved_since")
            let isServed = pool.contains { $0.obstacles(to: lane.demand).isEmpty }
            // A time to come was noted before the clock was set back.
            let since = isServed ? nil : min(known ?? now, now)
            if since != known {
                try connection.execute("UPDATE lane SET unserved_since = $2 WHERE id = $1", lane.id, since)
            }
            if let since { unserved.append((lane, since)) }
        }
        return unserved
    }

    private static func readyJobs(
        of lane: Lane, on connection: any DatabaseConnection
    ) throws -> [(id: JobID, pipeline: PipelineID, readyAt: Timestamp)] {
        try connection.rows(
            """
            SELECT id, pipeline, ready_at FROM job WHERE state = 'ready' AND lane = $1 ORDER BY ready_at, id LIMIT $2
            """, lane.id, unservedLimit + 1
        ).map { (try $0.id("id"), try $0.id("pipeline"), try $0.time("ready_at")) }
    }
}
