import PipelineModel

/// A job's row as transactions change it. The plan says the rest.
struct JobRow: Hashable, Sendable {
    let id: JobID
    let name: String
    let environment: String?
    var state: JobState
    var failure: Failure?
    var because: String?
    var summary: String?
    /// Whether a person has started it.
    var isPlayed: Bool
    /// Why it is to stop, while a runner has it.
    var cancelReason: String?
    /// 0 where a person waits for it, 1 otherwise: the lesser is handed out first.
    var priority: Int
    var readyAt: Timestamp?
    /// Raised by every claim.
    var epoch: Int64
    /// How many attempts there have been.
    var attempts: Int
    /// How many of them count against the retries that the pipeline file asks for, in this round: since a person last
    /// started it.
    var spent: Int
    /// How many of them failed on Pawl's side in this round.
    var spentOurs: Int
    /// The newest attempt.
    var attempt: AttemptID?
    /// When the newest attempt began; nil while it waits for another.
    var startedAt: Timestamp?
    var finishedAt: Timestamp?
    /// The attempt at another job that stands for it, so that it need not run; nil where it runs itself.
    var provedBy: AttemptID?
    /// Whether a person wants it run whatever is proved.
    var isFresh: Bool
    /// Whether a runner has ever begun with it: something of it may have happened.
    let wasStarted: Bool

    static let columns = """
        'job' AS row_table, id, name, environment, state, failure, because, summary, is_played, cancel_reason,
        priority, ready_at, lease_epoch, attempts, spent, spent_ours, attempt, started_at, finished_at, proved_by, is_fresh,
        EXISTS (
            SELECT 1 FROM attempt WHERE attempt.job = job.id AND attempt.acknowledged_at IS NOT NULL) AS was_started
        """

    init(row: SQLRow) throws {
        id = try row.id("id")
        name = try row.text("name")
        environment = try row.optionalText("environment")
        state = try row.word("state")
        failure = try row.optionalJSON("failure")
        because = try row.optionalText("because")
        summary = try row.optionalText("summary")
        isPlayed = try row.bool("is_played")
        cancelReason = try row.optionalText("cancel_reason")
        priority = try row.int("priority")
        readyAt = try row.optionalTime("ready_at")
        epoch = try row.integer("lease_epoch")
        attempts = try row.int("attempts")
        spent = try row.int("spent")
        spentOurs = try row.int("spent_ours")
        attempt = try row.optionalID("attempt")
        startedAt = try row.optionalTime("started_at")
        finishedAt = try row.optionalTime("finished_at")
        provedBy = try row.optionalID("proved_by")
        isFresh = try row.bool("is_fresh")
        wasStarted = try row.bool("was_started")
    }

    /// Writes what may change. The epoch and the number of attempts belong to the claim and are left alone.
    func save(on connection: any DatabaseConnection) throws {
        try connection.execute(
            """
            UPDATE job
            SET state = $2, failure = $3, because = $4, summary = $5, is_played = $6, cancel_reason = $7,
                priority = $8, ready_at = $9, spent = $10, started_at = $11, finished_at = $12,
                spent_ours = $13, proved_by = $14, is_fresh = $15
            WHERE id = $1
            """, id, state, try failure.map { try jsonText($0) }, because, summary, isPlayed, cancelReason, priority,
            readyAt, spent, startedAt, finishedAt, spentOurs, provedBy, isFresh)
    }
}

extension JobRow {
    /// The attempt whose results are its results.
    var countedAttempt: AttemptID? { provedBy ?? attempt }

    /// How it ends when nothing stands against it.
    var goodEnd: JobState { provedBy == nil ? .passed : .proved }

    /// Ends it.
    mutating func end(as state: JobState, failure: Failure? = nil, now: Timestamp) {
        self.state = state
        self.failure = failure
        readyAt = nil
        cancelReason = nil
        finishedAt = now
    }

    /// Makes it wait for what its gate says of what its script left. It takes no longer for that.
    mutating func awaitVerdict(now: Timestamp) {
        state = .judging
        finishedAt = now
        failure = nil
        cancelReason = nil
    }

    /// Puts it before the others it waits for, as if it had not been tried in this round. Its attempts stay history.
    /// - Parameter isFresh: whether it is to run whatever is proved.
    mutating func beginAgain(
        as state: JobState = .waiting, isPlayed: Bool, priority: Int? = nil, isFresh: Bool = false
    ) {
        self.state = state
        self.isPlayed = isPlayed
        self.priority = priority ?? self.priority
        failure = nil
        because = nil
        summary = nil
        cancelReason = nil
        readyAt = nil
        spent = 0
        spentOurs = 0
        startedAt = nil
        finishedAt = nil
        provedBy = nil
        self.isFresh = isFresh
    }

    /// Counts an attempt that failed.
    /// - Returns: how many of this round failed on the same side.
    mutating func spend(on failure: Failure) -> Int {
        if failure.class.isOurs {
            spentOurs += 1
            return spentOurs
        }
        spent += 1
        return spent
    }

    /// Makes it wait for a runner from a moment on.
    mutating func makeReady(at moment: Timestamp) {
        state = .ready
        readyAt = moment
        startedAt = nil
        finishedAt = nil
    }
}
