import Forges
import GitRepositories
import PipelineLanguage
import PipelineModel
import Store

/// What a pipeline is about: the commit, the ref, who is trusted, and what the commit has in it.
///
/// A pull request is read again from the forge before anything is decided: numbers in a payload are claims.
struct PipelineSubject: Sendable {
    let event: Event
    let repository: StoredRepository
    let forge: ForgeConnection
    /// The full ref that leads to the commit.
    let ref: String
    /// Whether it is a branch, a tag or a pull request.
    let kind: PlanningContext.RefKind
    let source: PipelineSource
    /// The pull request as the forge knows it now.
    let pullRequest: PullRequest?
    let trust: PipelineTrust
    let commit: CommitDescription
    let tree: [String]
    let changedFiles: [String]?
    /// Where a fork's commit is fetched from.
    let fetchURL: String?
    /// The pipeline file; nil where there is none.
    let pipelineFile: String?
    /// The newest commit that a pull request shares with its target.
    private let mergeBase: String?
    /// The message of an annotated tag.
    private let tagMessage: String?
    private let mirror: Mirror

    /// - Parameter source: what makes the pipeline, where the event does not say.
    init(
        of event: Event, as source: PipelineSource?, repository: StoredRepository, forge: ForgeConnection,
        mirrors: Mirrors
    ) async throws {
        guard let wanted = event.commit else {
            throw ForgeError(.unreadablePayload, message: "the event names no commit")
        }
        self.event = event
        self.repository = repository
        self.forge = forge
        let reference = repository.reference
        if let claimed = event.pullRequest {
            let pullRequest = try await forge.api.pullRequest(claimed.number, of: reference)
            self.pullRequest = pullRequest
            kind = .mergeRequest
            self.source = .pullRequest
            ref = Self.ref(ofPullRequest: pullRequest.number, on: forge.kind)
            fetchURL = pullRequest.isFork ? pullRequest.headCloneURL : nil
        } else {
            pullRequest = nil
            ref = event.ref ?? "refs/heads/\(reference.defaultBranch)"
            kind = ref.hasPrefix("refs/tags/") ? .tag : .branch
            self.source = source ?? Self.source(of: event.kind, isTag: kind == .tag)
            fetchURL = nil
        }
        let isFork = pullRequest?.isFork ?? false
        trust = PipelineTrust(
            isProtected: try await Self.isProtected(ref, kind, isFork: isFork, of: repository, forge), isFork: isFork)
        let credential = try await forge.gitCredential(for: reference)
        mirror = try await mirrors.mirror(
            of: reference,
            with: CommitSource(commit: wanted, ref: ref, fetchURL: fetchURL, credential: credential))
        commit = try await mirror.describe(wanted)
        tree = try await mirror.tree(at: wanted)
        pipelineFile = PipelineFile.candidates.first(where: tree.contains)
        tagMessage = kind == .tag ? try await mirror.message(ofTag: ref) : nil
        if let target = try await Self.target(of: event, pullRequest, in: mirror) {
            changedFiles = try await mirror.changedFiles(from: target, to: wanted, sinceMergeBase: true)
            mergeBase = try await mirror.mergeBase(of: target, and: commit.id)
        } else {
            mergeBase = nil
            changedFiles =
                if let before = event.before, kind == .branch {
                    try await mirror.changedFiles(from: before, to: wanted, sinceMergeBase: false)
                } else {
                    nil
                }
        }
    }

    /// The commit that it is to be merged into, as far as it is known; nil for what is not to be merged.
    private static func target(
        of event: Event, _ pullRequest: PullRequest?, in mirror: Mirror
    ) async throws -> String? {
        let told = pullRequest?.baseCommit ?? event.pullRequest?.baseCommit ?? event.mergeGroup?.baseCommit
        if let told { return told }
        guard let branch = pullRequest?.baseBranch else { return nil }
        return try await mirror.head(ofBranch: branch)
    }

    /// The ref's short name; for a pull request, its head branch. A fork's, planned as the branch it would be, is named
    /// `owner:branch`, as no branch here can be: its `main` is not ours.
    func shortRef(as kind: PlanningContext.RefKind) -> String {
        if let pullRequest {
            guard kind == .branch, trust.isFork else { return pullRequest.headBranch }
            let owner = pullRequest.headRepositoryName?.split(separator: "/").first ?? "fork"
            return "\(owner):\(pullRequest.headBranch)"
        }
        for prefix in ["refs/heads/", "refs/tags/"] where ref.hasPrefix(prefix) {
            return String(ref.dropFirst(prefix.count))
        }
        return ref
    }

    /// GitLab's word for what made the pipeline.
    var gitLabSource: String {
        switch source {
        case .push, .tag: "push"
        case .pullRequest: "merge_request_event"
        case .mergeGroup: "push"
        case .manual: "web"
        case .schedule: "schedule"
        case .baseline: "push"
        }
    }

    /// Whether it is about what is to be merged, so that somebody waits for its status.
    var isForMerging: Bool { source == .pullRequest || source == .mergeGroup }

    /// Whether the commit's own words may say that nothing is to run. What is asked for runs all the same.
    var mayBeSkipped: Bool { source != .manual && source != .baseline }

    /// By what a repetition is recognized; nil for what is asked for, which is wanted each time.
    var identity: EventIdentity? {
        guard mayBeSkipped else { return nil }
        // A pull request's update names the commit before, a recovered one does not: the commit after is enough.
        return EventIdentity(
            forge: repository.reference.forge, remoteID: repository.reference.remoteID, kind: event.kind, ref: ref,
            before: pullRequest == nil ? event.before : nil, after: commit.id)
    }

    /// A file of the commit, or of another one, as the planner wants it.
    func sourceFile(_ path: String, at other: String? = nil, limit: Int) async throws -> SourceFile {
        guard let bytes = try await mirror.file(path, at: other ?? commit.id, limit: limit) else { return .missing }
        return .text(String(decoding: bytes, as: UTF8.self))
    }

    /// The branch that it goes to, or would go to.
    private var targetBranch: String { pullRequest?.baseBranch ?? repository.reference.defaultBranch }

    /// Whether it is of what is on the target branch already: a commit of that branch, or a tag.
    private var isMerged: Bool { kind == .tag || ref == "refs/heads/\(targetBranch)" }

    /// The commit whose rules its gates follow: the target branch's head; nil for what is there already, which has its own.
    func rulesCommit() async throws -> String? {
        if isMerged { return nil }
        if let told = try await Self.target(of: event, pullRequest, in: mirror) { return told }
        return try await mirror.head(ofBranch: targetBranch)
    }

    /// What gates stand on here.
    /// - Parameter head: the target branch's, as far as it is known.
    func gateGround(before head: String?) async throws -> GateGround {
        var base = mergeBase
        let known = head == nil && kind == .tag ? try await mirror.head(ofBranch: targetBranch) : head
        if base == nil, let known { base = try await mirror.mergeBase(of: known, and: commit.id) }
        // Nothing is compared with itself.
        let commits = try await mirror.ancestors(of: base ?? commit.id, limit: GateGround.ancestorLimit + 1)
        return GateGround(target: targetBranch, ancestors: isMerged ? commits.filter { $0 != commit.id } : commits)
    }

    /// The pipeline file of another commit; nil where there is none.
    func pipelineFile(at other: String) async throws -> String? {
        let tree = try await mirror.tree(at: other)
        return PipelineFile.candidates.first(where: tree.contains)
    }

    /// What `CI_*` variables speak of. The pipeline's number is not known yet: it comes with each attempt.
    func facts(kind: PlanningContext.RefKind, now: Timestamp) -> PipelineFacts {
        let reference = repository.reference
        let web = ForgeAddress(of: reference)
        var facts = PipelineFacts(
            server: .init(url: web.server, forge: forge.kind.rawValue),
            project: .init(
                id: reference.remoteID, path: reference.name, url: web.page, defaultBranch: reference.defaultBranch),
            commit: .init(
                sha: commit.id, before: pullRequest == nil ? event.before : nil, message: commit.message,
                author: "\(commit.authorName) <\(commit.authorEmail)>", timestamp: commit.committedAt),
            ref: .init(
                name: shortRef(as: kind), kind: kind, isProtected: trust.isProtected, tagMessage: tagMessage),
            pipelineID: 0, pipelineNumber: 0,
            source: gitLabSource)
        facts.actor = event.actor.map { ($0.remoteID, $0.name) }
        facts.project.cloneURL = web.cloneURL
        facts.project.pipelineFile = pipelineFile
        guard kind == .mergeRequest, let pullRequest else { return facts }
        facts.mergeRequest = MergeRequestFacts(
            number: pullRequest.number, title: pullRequest.title, labels: pullRequest.labels,
            isDraft: pullRequest.isDraft,
            head: .init(
                branch: pullRequest.headBranch, sha: pullRequest.headCommit, projectID: pullRequest.headRepositoryID,
                projectPath: pullRequest.headRepositoryName),
            base: .init(
                branch: pullRequest.baseBranch, sha: pullRequest.baseCommit, projectID: pullRequest.baseRepositoryID,
                projectPath: reference.name), diffBase: mergeBase)
        return facts
    }

    /// The full ref that an event is about: a branch, a tag, or what leads to a pull request's head; nil for none.
    static func ref(of event: Event, on kind: ForgeKind) -> String? {
        if let number = event.pullRequest?.number { return ref(ofPullRequest: number, on: kind) }
        return event.ref.flatMap { $0.hasPrefix("refs/") ? $0 : nil }
    }

    private static func ref(ofPullRequest number: Int64, on kind: ForgeKind) -> String {
        kind == .gitlab ? "refs/merge-requests/\(number)/head" : "refs/pull/\(number)/head"
    }

    private static func source(of kind: Event.Kind, isTag: Bool) -> PipelineSource {
        switch kind {
        case .mergeGroup: .mergeGroup
        case .manual: .manual
        case .schedule: .schedule
        default: isTag ? .tag : .push
        }
    }

    /// Whether protected secrets may be seen: by the forge's protection or the repository's settings; never by a fork,
    /// and never by a pull request, whose text is not merged yet.
    private static func isProtected(
        _ ref: String, _ kind: PlanningContext.RefKind, isFork: Bool, of repository: StoredRepository,
        _ forge: ForgeConnection
    ) async throws -> Bool {
        guard !isFork, kind != .mergeRequest else { return false }
        if repository.protects(ref) { return true }
        do {
            return try await forge.api.isProtected(ref, of: repository.reference)
        } catch let error as ForgeError where error.code == .unsupported || error.code == .forbidden {
            return false
        }
    }
}
