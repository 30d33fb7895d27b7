import PipelineModel

/// A person's word that a change is to pass although its gate says no. It stays with the pipeline, name and reason.
public struct GateOverride: Codable, Hashable, Sendable {
    /// Who.
    public var person: String
    /// Why.
    public var reason: String
    /// When.
    public var at: Timestamp

    /// Names who let a change pass.
    public init(person: String, reason: String, at: Timestamp) {
        self.person = person
        self.reason = reason
        self.at = at
    }

    /// As a commit status has it.
    var words: String { "allowed by \(person): \(reason)" }

    /// The newest of a pipeline, unless something was judged since: what was allowed is what was known.
    static func current(of pipeline: PipelineID, on connection: any DatabaseConnection) throws -> GateOverride? {
        let row = try connection.row(
            """
            SELECT 'gate_override' AS row_table, id, person, reason, made_at FROM gate_override
            WHERE pipeline = $1
                AND verdict >= coalesce((SELECT max(id) FROM verdict WHERE verdict.pipeline = gate_override.pipeline), 0)
            ORDER BY id DESC LIMIT 1
            """, pipeline)
        return try row.map {
            GateOverride(person: try $0.text("person"), reason: try $0.text("reason"), at: try $0.time("made_at"))
        }
    }
}

extension Store {
    /// Lets a pipeline pass whose gate says no. What the gate failed has passed then, and what was not run because of it
    /// runs. Name and reason stay.
    /// - Throws: `StoreError.refused` where no gate says no, or it is not known yet what it says.
    public func overrideGate(of id: PipelineID, reason: String, by: String, now: Timestamp) async throws {
        let settings = settings
        try await change { connection, consequences in
            var change = try PipelineChange(id, on: connection)
            try change.overrideGate(reason: reason, by: by, on: connection, now: now)
            try change.save(on: connection, settings: settings, &consequences, now: now)
        }
    }
}

extension PipelineChange {
    /// Lets it pass although a gate says no.
    mutating func overrideGate(
        reason: String, by person: String, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        try refuseIfHeld()
        let id = pipeline.id
        let failed = jobs.indices.filter { jobs[$0].failure?.class == .gate }
        guard !failed.isEmpty || !plan.missingGates.isEmpty else {
            throw StoreError(
                .refused, message: "No gate of #\(id) says no: there is nothing to override. See pawl show \(id)")
        }
        try connection.execute(
            """
            INSERT INTO gate_override (pipeline, verdict, person, reason, made_at)
            VALUES ($1, coalesce((SELECT max(id) FROM verdict WHERE pipeline = $1), 0), $2, $3, $4)
            """, id, person, reason, now)
        noteOverride(GateOverride(person: person, reason: reason, at: now))
        for index in failed {
            let end = jobs[index].finishedAt ?? now
            update(index) { $0.end(as: $0.goodEnd, now: end) }
            try Store.noteDeployment(jobs[index].id, in: self, on: connection, now: now)
        }
        let dependants = Set(failed.flatMap { progress.dependants(of: jobs[$0].name) })
        for (index, job) in jobs.enumerated() where job.state == .notRun && dependants.contains(job.name) {
            update(index) { $0.beginAgain(isPlayed: $0.isPlayed) }
        }
        try AuditEntry(at: now, by: person, action: "gate.override", subject: "#\(id)", detail: reason)
            .insert(on: connection)
    }
}
