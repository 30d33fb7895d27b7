import Foundation
import GitRepositories
import PipelineLanguage
import PipelineModel

/// What the pipeline file of a checkout means for a push of the files as they are on disk.
struct ExecPlanning: Sendable {
    /// The files as they are on disk.
    let snapshot: WorkingTreeSnapshot
    /// The repository's path, such as `ml/churn`.
    let repository: String
    let defaultBranch: String
    /// The pipeline file's path.
    let file: String
    let context: PlanningContext
    /// What the file gives.
    let step: PlanningStep
    /// Jobs of the file that another event has and this one has not.
    let ruledOut: [UnrunJob]
    let commit: CommitDescription

    /// Takes a snapshot of the checkout into a folder, and plans it.
    init(of root: String, event: EventOptions, into folder: String, now: Timestamp) async throws {
        let known = CheckoutHead.defaultBranch(in: root)
        let current = CheckoutHead.branch(in: root)
        let branch = event.branch ?? current ?? known ?? "main"
        defaultBranch = known ?? "main"
        let home = ProcessInfo.processInfo.environment["HOME"]
        snapshot = try await WorkingTreeSnapshot.take(of: root, branch: branch, into: folder, home: home)
        let mirror = snapshot.repository
        commit = try await mirror.describe(snapshot.commit)
        repository = Self.name(of: try await snapshot.remoteURL(), root: root)
        let tree = try await mirror.tree(at: snapshot.commit)
        guard let file = PipelineFile.candidates.first(where: tree.contains) else {
            let names = PipelineFile.candidates.joined(separator: " or ")
            throw CommandFailure(.usage, "there is no \(names) in \(root.printable)")
        }
        self.file = file
        let base = ExecContext(
            snapshot: snapshot, commit: commit, repository: repository, defaultBranch: defaultBranch, tree: tree,
            variables: try event.variables(), now: now)
        context = try await base.context(for: branch, as: event.pullRequest ? .mergeRequest : .branch)
        step = try await Self.plan(file, in: context, of: snapshot)
        ruledOut = try await Self.jobsElsewhere(file, beside: step, branch: branch, event: event, base)
    }

    private static func plan(
        _ file: String, in context: PlanningContext, of snapshot: WorkingTreeSnapshot
    ) async throws -> PlanningStep {
        let planner = Planner()
        var files: [String: SourceFile] = [:]
        for _ in 0...planner.limits.includes {
            let step = planner.plan(file: file, files: files, context: context)
            guard case .needsFiles(let paths) = step else { return step }
            for path in paths {
                let bytes = try await snapshot.repository.file(
                    path, at: snapshot.commit, limit: planner.limits.totalBytes)
                files[path] = bytes.map { .text(String(decoding: $0, as: UTF8.self)) } ?? .missing
            }
        }
        return planner.plan(file: file, files: files, context: context)
    }

    /// Asks the file what other events would have, so that what its rules leave out here has a name.
    private static func jobsElsewhere(
        _ file: String, beside step: PlanningStep, branch: String, event: EventOptions, _ base: ExecContext
    ) async throws -> [UnrunJob] {
        let here: Set<String>
        switch step {
        case .planned(let plan): here = Set(plan.jobs.map(\.name))
        case .nothing: here = []
        case .refused, .needsFiles: return []
        }
        var others: [(words: String, option: String?, ref: String, kind: PlanningContext.RefKind)] = []
        if branch != base.defaultBranch || event.pullRequest {
            let name = base.defaultBranch
            others.append(("a push to \(name)", "pawl exec --branch \(ShellWord.of(name))", name, .branch))
        }
        if !event.pullRequest { others.append(("a pull request", "pawl exec --pull-request", branch, .mergeRequest)) }
        others.append(("a tag such as v1.0.0", nil, "v1.0.0", .tag))
        var found: [UnrunJob] = []
        for other in others {
            let context = try await base.context(for: other.ref, as: other.kind)
            guard case .planned(let plan) = try await Self.plan(file, in: context, of: base.snapshot) else { continue }
            for job in plan.jobs where !here.contains(job.name) && !found.contains(where: { $0.job == job.name }) {
                found.append(
                    UnrunJob(
                        job: job.name, reason: "its rules leave it out; \(other.words) has it", instead: other.option))
            }
        }
        return found
    }

    /// The repository's path on its forge, by where it was cloned from; else the folder's name.
    static func name(of remote: String?, root: String) -> String {
        let folder = root.split(separator: "/").last.map(String.init) ?? "checkout"
        guard var rest = remote.map({ $0[...] }) else { return folder }
        if rest.hasSuffix(".git") { rest = rest.dropLast(4) }
        if let scheme = rest.firstRange(of: "://") {
            rest = rest[scheme.upperBound...].drop { $0 != "/" }
        } else if let colon = rest.firstIndex(of: ":"), !rest[..<colon].contains("/") {
            rest = rest[rest.index(after: colon)...]
        } else {
            // A path of this machine says little but its end.
            rest = rest.split(separator: "/").last ?? ""
        }
        let parts = rest.split(separator: "/")
        return parts.isEmpty ? folder : parts.joined(separator: "/")
    }
}

/// What is the same for whatever event the files on disk are planned for.
struct ExecContext: Sendable {
    let snapshot: WorkingTreeSnapshot
    let commit: CommitDescription
    let repository: String
    let defaultBranch: String
    let tree: [String]
    let variables: [Variable]
    let now: Timestamp

    /// What an event means for the planner: as if the files on disk were pushed now.
    func context(for ref: String, as kind: PlanningContext.RefKind) async throws -> PlanningContext {
        let source = kind == .mergeRequest ? "merge_request_event" : "push"
        var facts = PipelineFacts(
            server: .init(url: "", forge: "git"),
            project: .init(id: 1, path: repository, url: "", defaultBranch: defaultBranch),
            commit: .init(
                sha: commit.id, before: nil, message: commit.message,
                author: "\(commit.authorName) <\(commit.authorEmail)>", timestamp: commit.committedAt),
            ref: .init(name: ref, kind: kind), pipelineID: 0, pipelineNumber: 0, source: source)
        var changed: [String]?
        if kind == .mergeRequest {
            let base = try await self.base(of: defaultBranch)
            changed = try await changes(since: base, sinceMergeBase: true)
            facts.mergeRequest = MergeRequestFacts(
                number: 0, title: commit.title, isDraft: true,
                head: .init(branch: ref, sha: commit.id, projectID: 1, projectPath: repository),
                base: .init(branch: defaultBranch, sha: base, projectID: 1, projectPath: repository))
        } else if kind == .branch {
            let before = try await snapshot.commit(of: "refs/remotes/origin/\(ref)")
            facts.commit.before = before
            changed = try await changes(since: before, sinceMergeBase: false)
        }
        return PlanningContext(
            ref: ref, refKind: kind, defaultBranch: defaultBranch, source: source,
            predefined: PredefinedVariables.pipeline(facts), pipelineVariables: variables, changedFiles: changed,
            tree: tree)
    }

    private func base(of branch: String) async throws -> String? {
        if let remote = try await snapshot.commit(of: "refs/remotes/origin/\(branch)") { return remote }
        return try await snapshot.commit(of: "refs/heads/\(branch)")
    }

    private func changes(since base: String?, sinceMergeBase: Bool) async throws -> [String]? {
        guard let base else { return nil }
        return try await snapshot.repository.changedFiles(
            from: base, to: commit.id, sinceMergeBase: sinceMergeBase)
    }
}
