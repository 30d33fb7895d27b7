import PipelineModel

/// A command in a comment, and where it stands.
public struct CommentRequest: Sendable {
    /// The command.
    public var command: CommentCommand
    /// Who asks, as `@mira`. What they may is decided before.
    public var person: String
    /// The pull request, and its repository.
    public var pullRequest: Int64, repository: RepositoryID
    /// The delivery it came in.
    public var delivery: DeliveryID

    /// Names what is asked for.
    public init(
        _ command: CommentCommand, by person: String, on pullRequest: Int64, of repository: RepositoryID,
        in delivery: DeliveryID
    ) {
        self.command = command
        self.person = person
        self.pullRequest = pullRequest
        self.repository = repository
        self.delivery = delivery
    }
}

extension Store {
    /// Does what a comment asks for to the newest pipeline of its pull request. The deed, its answer in the report and the
    /// end of the delivery are one transaction, so that nothing is done twice. What is refused is answered as well.
    public func carryOut(_ request: CommentRequest, now: Timestamp) async throws {
        do {
            try await answer(request, now: now) { change, connection in
                (try change.carryOut(request.command, by: request.person, on: connection, now: now), isDone: true)
            }
        } catch let error as StoreError where error.code == .refused || error.code == .notFound {
            try await refuse(request, because: error.message, now: now)
        }
    }

    /// Answers a command with why it is not carried out.
    public func refuse(_ request: CommentRequest, because reason: String, now: Timestamp) async throws {
        try await answer(request, now: now) { _, _ in (reason, isDone: false) }
    }

    private func answer(
        _ request: CommentRequest, now: Timestamp,
        by body: @escaping @Sendable (inout PipelineChange, any DatabaseConnection) throws -> (String, isDone: Bool)
    ) async throws {
        let settings = settings
        try await change { connection, consequences in
            let state = try connection.row("SELECT state FROM delivery WHERE id = $1", request.delivery)
            guard try state?.word("state", DeliveryState.self) == .stored else { return }
            let newest = try connection.row(
                """
                SELECT 'pipeline' AS row_table, id FROM pipeline WHERE repository = $1 AND pull_request = $2
                ORDER BY id DESC LIMIT 1
                """, request.repository, request.pullRequest)
            guard let pipeline: PipelineID = try newest?.id("id") else {
                let reason = "pull request \(request.pullRequest) has no pipeline yet"
                return try Self.endDelivery(request.delivery, as: .ignored, reason, on: connection, now: now)
            }
            var change = try PipelineChange(pipeline, on: connection)
            let (answer, isDone) = try body(&change, connection)
            try change.save(on: connection, settings: settings, &consequences, now: now)
            try connection.execute(
                """
                INSERT INTO comment_command (
                    repository, pull_request, pipeline, person, command, answer, is_done, asked_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                """, request.repository, request.pullRequest, pipeline, request.person, request.command.text, answer,
                isDone, now)
            try OwedReport.owe(for: change.pipeline, on: connection, now: now)
            consequences.owesMessages = true
            let words = "\(request.command.text) by \(request.person): \(answer)"
            try Self.endDelivery(
                request.delivery, as: .planned, words, pipeline: pipeline, on: connection, now: now)
        }
    }
}

extension PipelineChange {
    /// Does what a command asks for.
    /// - Returns: what was done, in words.
    fileprivate mutating func carryOut(
        _ command: CommentCommand, by person: String, on connection: any DatabaseConnection, now: Timestamp
    ) throws -> String {
        switch command {
        case .retry(let name):
            let names = try retry(name, on: connection, now: now)
            try noteRetry(of: names, by: person, on: connection, now: now)
            return "\(names.joined(separator: ", ")): to run again"
        case .moreSeeds(let count, let node):
            let names = try addSeeds(count, to: node, by: person, on: connection, now: now)
            return "\(names.count) more jobs: \(names.joined(separator: ", "))"
        case .override(let reason):
            try overrideGate(reason: reason, by: person, on: connection, now: now)
            return "the gate lets it pass"
        case .approve(let commit):
            try approve(commit: commit, by: person, on: connection, now: now)
            return "commit \(commit.prefix(12)) may run, this commit only"
        case .unclear(let advice): throw StoreError(.refused, message: advice)
        }
    }

    private mutating func retry(
        _ name: String?, on connection: any DatabaseConnection, now: Timestamp
    ) throws -> [String] {
        guard let name else { return try retryFailed(now: now) }
        if let index = jobs.firstIndex(where: { $0.name == name }) {
            try retryNamed(index, anyway: false, fresh: false, on: connection, now: now)
            return [name]
        }
        guard plan.jobs.contains(where: { $0.node == name }) else {
            throw StoreError(.refused, message: "#\(pipeline.id) has no job \(name). See pawl show \(pipeline.id)")
        }
        return try retryFailed(of: name, now: now)
    }
}
