import PipelineModel

/// What a person asked for in a comment on a pull request, and what came of it.
public struct CommentAnswer: Codable, Hashable, Sendable {
    /// Who, as `@mira`.
    public var person: String
    /// What was asked for, such as `/pawl retry failed`.
    public var command: String
    /// What came of it, in words.
    public var answer: String
    /// Whether it was done.
    public var isDone: Bool
    /// When it was asked for.
    public var at: Timestamp

    /// How many answers a report shows.
    static let limit = 5

    /// Tells what came of a command.
    public init(person: String, command: String, answer: String, isDone: Bool, at: Timestamp) {
        self.person = person
        self.command = command
        self.answer = answer
        self.isDone = isDone
        self.at = at
    }

    /// The newest of a pipeline, the oldest of them first.
    static func newest(of pipeline: PipelineID, on connection: any DatabaseConnection) throws -> [CommentAnswer] {
        try connection.rows(
            """
            SELECT 'comment_command' AS row_table, id, person, command, answer, is_done, asked_at FROM comment_command
            WHERE pipeline = $1 ORDER BY id DESC LIMIT \(Self.limit)
            """, pipeline
        ).reversed().map { row in
            CommentAnswer(
                person: try row.text("person"), command: try row.text("command"), answer: try row.text("answer"),
                isDone: try row.bool("is_done"), at: try row.time("asked_at"))
        }
    }
}
