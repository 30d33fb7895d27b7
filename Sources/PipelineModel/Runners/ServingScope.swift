/// Whose jobs a runner takes.
public struct ServingScope: Hashable, Codable, Sendable {
    /// The repositories it serves; empty for all of them.
    public var repositories: [RepositoryID]
    /// Whether it serves protected branches and tags alone.
    public var protectedOnly: Bool
    /// Whether it serves commits of forks.
    public var forks: Bool

    /// Serves every repository, and forks; the rest is said.
    public init(repositories: [RepositoryID] = [], protectedOnly: Bool = false, forks: Bool = true) {
        self.repositories = repositories
        self.protectedOnly = protectedOnly
        self.forks = forks
    }

    /// Why it does not take a job; nil where it does.
    public func obstacle(to demand: JobDemand) -> RunnerObstacle? {
        if !repositories.isEmpty && !repositories.contains(demand.repository) { return .otherRepositories }
        if demand.trust == .fork && (!forks || protectedOnly) { return .noForks }
        if demand.trust != .protected && protectedOnly { return .protectedOnly }
        return nil
    }
}
