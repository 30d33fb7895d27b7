import PipelineModel

extension Store {
    /// Pipelines with a job that waits to be judged, oldest first.
    public func judgingPipelines() async throws -> [PipelineID] {
        try await database.read { connection in
            try connection.rows(
                "SELECT DISTINCT 'job' AS row_table, pipeline AS id FROM job WHERE state = 'judging' ORDER BY pipeline"
            ).map { try $0.id("id") }
        }
    }

    /// The nodes of a pipeline that are to be judged now: of whose jobs one waits for it, and none has still to run.
    /// - Throws: `StoreError.corrupt` where the pipeline cannot be read.
    public func judgingCases(of id: PipelineID) async throws -> [JudgingCase] {
        try await database.read { connection in
            let change = try PipelineChange(id, on: connection)
            return try change.plan.gatedNodes.compactMap { try Self.judgingCase($0, in: change, on: connection) }
        }
    }

    private static func judgingCase(
        _ node: String, in change: PipelineChange, on connection: any DatabaseConnection
    ) throws -> JudgingCase? {
        let members = zip(change.plan.jobs, change.jobs).filter { $0.0.node == node }
        guard members.contains(where: { $1.state == .judging }),
            members.allSatisfy({ $1.state == .judging || $1.state.isEnded }), let ml = members.first?.0.ml
        else { return nil }
        let settings = ml.judge ?? JudgeSettings()
        let pipeline = change.pipeline
        let ground = change.plan.ground ?? GateGround(target: "")
        let counted = try counted(members, of: pipeline.id, node, on: connection)
        var candidate: [Int: MetricReport?] = [:]
        for (job, _) in members {
            let seed = job.seed?.number ?? 1
            candidate[seed] = .some(try counted[seed].flatMap { try report(of: $0, examples: true, on: connection) })
        }
        let life = life(of: pipeline, target: ground.target)
        let earlier = try connection.rows(
            """
            SELECT 'verdict' AS row_table, id, answer, is_blocking FROM verdict
            WHERE repository = $1 AND life = $2 AND node = $3 ORDER BY id
            """, pipeline.repository, life, node)
        let accepted = try AcceptedFinder(
            node: node, pipeline: pipeline, ground: ground, connection: connection)
        let release = try ml.gate.contains { $0.ratchet != nil } ? accepted.release() : nil
        return JudgingCase(
            pipeline: pipeline, node: node, rules: ml.gate, settings: settings,
            requiredSeeds: ground.required.first { $0.node == node }?.seeds ?? 1, candidate: candidate,
            baseline: try settings.version.map(accepted.version) ?? accepted.nearest(),
            training: settings.noBaseline == .train
                ? try BaselineTraining.find(for: pipeline, ground: ground, on: connection) : nil,
            release: release,
            history: try release.map { try accepted.since($0.reference.pipeline) } ?? [], look: earlier.count + 1,
            releaseLook: try release.map { try judgements(since: $0, of: node, pipeline, on: connection) } ?? 1,
            mustShow: try mustShow(after: earlier), base: ground.ancestors.first.map { ($0, ground.target) },
            counted: counted, life: life, jobs: members.map(\.1))
    }

    /// The attempts that count: those that have counted before, so that no seed is ever exchanged for a luckier one; of
    /// the others the newest that passed.
    private static func counted(
        _ members: [(PlannedJob, JobRow)], of pipeline: PipelineID, _ node: String,
        on connection: any DatabaseConnection
    ) throws -> [Int: AttemptID] {
        var counted = try countedBefore(in: pipeline, node, on: connection)
        for (job, row) in members where [.judging, .passed, .proved].contains(row.state) {
            let seed = job.seed?.number ?? 1
            if counted[seed] == nil { counted[seed] = row.countedAttempt }
        }
        return counted
    }

    static func countedBefore(
        in pipeline: PipelineID, _ node: String, on connection: any DatabaseConnection
    ) throws -> [Int: AttemptID] {
        let row = try connection.row(
            """
            SELECT 'verdict' AS row_table, id, counted FROM verdict WHERE pipeline = $1 AND node = $2
            ORDER BY id DESC LIMIT 1
            """, pipeline, node)
        return try row.map { try $0.json("counted") } ?? [:]
    }

    /// What the looks at a change have in common: its pull request, else its branch. Every commit of the target branch
    /// itself stands alone.
    private static func life(of pipeline: StoredPipeline, target: String) -> String {
        if let number = pipeline.pullRequest { return "pull request \(number)" }
        return pipeline.ref == "refs/heads/\(target)" ? "pipeline \(pipeline.id)" : pipeline.ref
    }

    /// Whether the newest look that was sure of anything was sure of a loss.
    private static func mustShow(after earlier: [SQLRow]) throws -> Bool {
        for row in earlier.reversed() {
            switch try row.word("answer", Verdict.Answer.self) {
            case .worse: if try row.bool("is_blocking") { return true }
            case .better, .noWorse: return false
            case .inconclusive, .missing, .withinLimits: break
            }
        }
        return false
    }

    private static func judgements(
        since release: AcceptedResults, of node: String, _ pipeline: StoredPipeline,
        on connection: any DatabaseConnection
    ) throws -> Int {
        let row = try connection.row(
            """
            SELECT 'verdict' AS row_table, 0 AS id, COUNT(*) AS judged FROM verdict
            WHERE repository = $1 AND node = $2 AND pipeline > $3
            """, pipeline.repository, node, release.reference.pipeline)
        return try (row?.int("judged") ?? 0) + 1
    }

    // MARK: - The answer

    /// Writes a verdict down, and ends the node's jobs by it, in one transaction: dependants become ready, forges are owed
    /// their statuses.
    /// - Parameter words: the verdict in a sentence.
    /// - Returns: whether it was written: not where the jobs have moved on since the case was read.
    public func record(
        _ verdict: Verdict, words: String, for judged: JudgingCase, now: Timestamp
    ) async throws -> Bool {
        let settings = settings
        return try await change { connection, consequences in
            var change = try PipelineChange(judged.pipeline.id, on: connection)
            let indices = change.jobs.indices.filter { change.plan.jobs[$0].node == judged.node }
            guard indices.map({ change.jobs[$0] }) == judged.jobs else { return false }
            try connection.execute(
                """
                INSERT INTO verdict (
                    repository, pipeline, node, life, answer, is_blocking, words, verdict, counted, judged_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                """,
                judged.pipeline.repository, judged.pipeline.id, judged.node, judged.life, verdict.answer.rawValue,
                verdict.isBlocking, words, try jsonText(verdict), try jsonText(judged.counted), now)
            change.noteAnswer(of: judged.node, isBlocking: verdict.isBlocking, words)
            for index in indices where judged.counted[change.plan.jobs[index].seed?.number ?? 1] != nil {
                try Self.end(index, by: verdict, words, in: &change, on: connection, now: now)
            }
            try change.save(on: connection, settings: settings, &consequences, now: now)
            return true
        }
    }

    /// Ends a job whose script passed. One that failed by itself, or was stopped, stays as it is.
    private static func end(
        _ index: Int, by verdict: Verdict, _ words: String, in change: inout PipelineChange,
        on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        let job = change.jobs[index]
        let planned = change.plan.jobs[index]
        guard [.judging, .passed, .proved].contains(job.state) || job.failure?.class == .gate else { return }
        let end = job.finishedAt ?? now
        if verdict.isBlocking {
            let failure = Failure(.gate, words)
            let isAllowed = planned.allowFailure.covers(failure)
            change.update(index) { $0.end(as: isAllowed ? .failedAllowed : .failed, failure: failure, now: end) }
        } else {
            change.update(index) { $0.end(as: $0.goodEnd, now: end) }
            try noteDeployment(job.id, in: change, on: connection, now: now)
        }
    }

    // MARK: - Reading

    /// The newest verdict on each node of a pipeline, in the order in which they were given.
    public func verdicts(of pipeline: PipelineID) async throws -> [JudgedNode] {
        try await database.read { try Self.verdicts(of: pipeline, on: $0) }
    }

    static func verdicts(of pipeline: PipelineID, on connection: any DatabaseConnection) throws -> [JudgedNode] {
        try connection.rows(
            """
            SELECT 'verdict' AS row_table, id, node, verdict FROM verdict
            WHERE id IN (SELECT MAX(id) FROM verdict WHERE pipeline = $1 GROUP BY node) ORDER BY id
            """, pipeline
        ).map { JudgedNode(node: try $0.text("node"), verdict: try $0.json("verdict")) }
    }
}
