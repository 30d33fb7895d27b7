import PipelineModel

/// What the gates of a pipeline have answered, and what that comes to beside the states of its jobs.
struct GateAnswers: Hashable, Sendable {
    /// The newest answer of each node.
    private var byNode: [String: Answer] = [:]
    /// Whether the repository uses gates, so that what merges waits for one.
    private let isExpected: Bool

    /// Who let a change pass all the same; nil where nobody did, or something was judged since.
    private var override: GateOverride?

    private struct Answer: Hashable, Sendable {
        var isBlocking: Bool
        var words: String
    }

    /// Reads what has been answered.
    init(of pipeline: StoredPipeline, plan: Plan, on connection: any DatabaseConnection) throws {
        let merges = pipeline.source == .pullRequest || pipeline.source == .mergeGroup
        isExpected = try merges && Self.usesGates(pipeline.repository, on: connection)
        guard !plan.gatedNodes.isEmpty else { return }
        let rows = try connection.rows(
            "SELECT 'verdict' AS row_table, id, node, is_blocking, words FROM verdict WHERE pipeline = $1 ORDER BY id",
            pipeline.id)
        for row in rows { try note(row.text("node"), isBlocking: row.bool("is_blocking"), row.text("words")) }
        override = try GateOverride.current(of: pipeline.id, on: connection)
    }

    private static func usesGates(_ repository: RepositoryID, on connection: any DatabaseConnection) throws -> Bool {
        let row = try connection.row(
            "SELECT 'repository' AS row_table, id, uses_gates FROM repository WHERE id = $1", repository)
        return try row?.bool("uses_gates") ?? false
    }

    /// Takes a new answer.
    mutating func note(_ node: String, isBlocking: Bool, _ words: String) {
        byNode[node] = Answer(isBlocking: isBlocking, words: words)
        override = nil
    }

    /// Takes a person's word that the change is to pass.
    mutating func note(_ override: GateOverride) { self.override = override }

    /// What the gates say together; nil where nobody waits for that.
    func snapshot(of plan: Plan, _ jobs: [JobRow], in state: PipelineState) -> GateSnapshot? {
        switch state {
        case .held, .notPlanned: return nil
        case .empty, .running, .manual, .passed, .failed, .system, .cancelled: break
        }
        if let override { return .open(override.words) }
        if let missing = plan.missingGates.first {
            return .closed("\(missing), which \(plan.ground?.target ?? "the target branch") judges, is not run here")
        }
        let nodes = plan.gatedNodes
        if nodes.isEmpty { return isExpected ? .open("nothing here is judged") : nil }
        let members = Dictionary(grouping: zip(plan.jobs, jobs).map { ($0.node, $1) }, by: \.0)
        var words: [String] = []
        var unjudged: String?
        var closed: String?
        for node in nodes {
            let rows = members[node]?.map(\.1) ?? []
            guard rows.allSatisfy(\.state.isEnded) else { return .pending }
            if let answer = byNode[node] {
                if answer.isBlocking { closed = closed ?? answer.words }
                words.append(answer.words)
            } else {
                unjudged = unjudged ?? node
            }
        }
        if let closed { return .closed(closed) }
        if let unjudged { return .none("\(unjudged) did not pass") }
        return .open(words.joined(separator: "; "))
    }
}
