import GitRepositories
import PipelineModel
import Store

/// Makes a pipeline that a person asks for: `pawl run`.
public struct ManualRun: Sendable {
    private let store: Store
    private let forges: ForgeConnections
    private let mirrors: Mirrors
    let planner: EventPlanner
    private let now: @Sendable () -> Timestamp

    /// Runs commits of a store's repositories.
    public init(
        store: Store, forges: ForgeConnections, mirrors: Mirrors, planner: EventPlanner,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.forges = forges
        self.mirrors = mirrors
        self.planner = planner
        self.now = now
    }

    /// Makes the pipeline.
    /// - Throws: `APIRefusal` that says what is not there.
    public func pipeline(for request: RunRequest, by person: String) async throws -> PipelineID {
        let found = try await store.repositories(named: request.repository)
        guard let repository = found.first, found.count == 1 else {
            throw APIRefusal(
                .notFound,
                found.isEmpty
                    ? "\(request.repository) is not a repository of this server.  pawl repo list"
                    : "\(request.repository) names \(found.count) repositories: write the whole path.  pawl repo list")
        }
        let event = try await event(for: request, of: repository, by: person)
        let answer: EventPlanner.Answer
        do {
            answer = try await planner.pipeline(for: event, of: repository, variables: request.variables)
        } catch let error as GitError {
            throw APIRefusal(.refused, error.message)
        }
        switch answer {
        case .nothing(let reason, _): throw APIRefusal(.refused, reason)
        case .pipeline(let new):
            guard case .created(let id) = try await store.createPipeline(new, finishing: nil, now: now()) else {
                throw APIRefusal(.refused, "the pipeline is there already")
            }
            return id
        }
    }

    func event(
        for request: RunRequest, of repository: StoredRepository, by person: String
    ) async throws -> Event {
        let reference = repository.reference
        let wanted = request.ref ?? reference.defaultBranch
        var event = Event(kind: .manual, repository: reference, actor: .init(remoteID: nil, name: person))
        let isCommit = [40, 64].contains(wanted.utf8.count) && wanted.allSatisfy { $0.isASCII && $0.isHexDigit }
        if isCommit {
            event.ref = "refs/heads/\(reference.defaultBranch)"
            event.commit = wanted.lowercased()
            return event
        }
        let credential = try await forges[reference.forge]?.gitCredential(for: reference)
        let candidates = wanted.hasPrefix("refs/") ? [wanted] : ["refs/heads/\(wanted)", "refs/tags/\(wanted)"]
        let refs = try await mirrors.refs(of: reference, credential: credential)
        guard let ref = candidates.first(where: { refs[$0] != nil }), let commit = refs[ref] else {
            throw APIRefusal(.notFound, "\(reference.name) has no branch or tag \(wanted).  pawl run \(reference.name)")
        }
        event.ref = ref
        event.commit = commit
        return event
    }
}
