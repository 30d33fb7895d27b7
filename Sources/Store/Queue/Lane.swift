import NIOConcurrencyHelpers
import PipelineModel

/// One queue of jobs that the same runners may take: of one repository, trusted alike, with the same needs.
struct Lane: Hashable, Sendable {
    let id: Int64
    let demand: JobDemand

    /// The number of the lane for a job, made where there is none yet.
    static func number(
        for needs: MachineNeeds, of repository: RepositoryID, trust: PipelineTrust,
        on connection: any DatabaseConnection
    ) throws -> Int64 {
        let needs = try jsonText(needs)
        let key = "\(repository) \(trust.isProtected ? 1 : 0) \(trust.isFork ? 1 : 0) \(needs)"
        if let known = try connection.row("SELECT id FROM lane WHERE key = $1", key) {
            return try known.integer("id")
        }
        return try connection.insert(
            """
            INSERT INTO lane (key, repository, is_protected, is_fork, needs) VALUES ($1, $2, $3, $4, $5) RETURNING id
            """, key, repository, trust.isProtected, trust.isFork, needs)
    }

    static let columns = "lane.id AS lane, lane.repository, lane.is_protected, lane.is_fork, lane.needs"

    /// Reads a lane.
    init(row: SQLRow, needs: NeedsCache) throws {
        id = try row.integer("lane")
        let trust = PipelineTrust(isProtected: try row.bool("is_protected"), isFork: try row.bool("is_fork"))
        demand = JobDemand(
            repository: try row.id("repository"), trust: trust.ofCommit, needs: try needs.needs(in: row))
    }
}

/// The needs of lanes, read once: a claim looks at many, and they never change.
final class NeedsCache: Sendable {
    /// More kinds of needs than this are not remembered.
    private static let limit = 10_000

    private let known = NIOLockedValueBox<[String: MachineNeeds]>([:])

    /// The value of the column `needs`.
    func needs(in row: SQLRow) throws -> MachineNeeds {
        let text = try row.text("needs")
        if let needs = known.withLockedValue({ $0[text] }) { return needs }
        let needs: MachineNeeds = try row.json("needs")
        known.withLockedValue { if $0.count < Self.limit { $0[text] = needs } }
        return needs
    }
}

extension PipelineTrust {
    /// What a runner is told of it.
    public var ofCommit: CommitTrust { isFork ? .fork : isProtected ? .protected : .branch }
}
