import Forges
import Foundation
import TestSupport

/// A repository on a site's forge, with a checkout that a person works in.
struct Project: Sendable {
    let site: Site
    /// Owner and name.
    let path: String
    /// The checkout.
    let checkout: String
    /// Where a person pushes to, with their token in the address.
    let remote: String

    /// Makes the repository with a first commit that asks for no pipeline, and adds it with `pawl repo add`.
    init(_ path: String, on site: Site, isAdded: Bool = true) async throws {
        try await site.forge.createRepository(path)
        try await self.init(checkingOut: path, on: site)
        try await commit(["README.md": path], message: "Begin [skip ci]")
        try await push()
        guard isAdded else { return }
        let added = try await site.pawl("repo", "add", address)
        guard added.status == 0 else { throw SiteError("pawl repo add: \(added.output) \(added.errors)") }
    }

    /// A fork of a project, in the name of another account, with a checkout of its own.
    init(fork path: String, of original: Project) async throws {
        try await original.site.forge.createRepository(path, forkOf: original.path)
        try await self.init(checkingOut: path, on: original.site)
        try await git("fetch", "--quiet", "origin", "main")
        try await git("reset", "--quiet", "--hard", "FETCH_HEAD")
    }

    private init(checkingOut path: String, on site: Site) async throws {
        self.site = site
        self.path = path
        let token = site.forge.createToken(for: String(path.prefix { $0 != "/" }))
        remote = site.forge.cloneURL(path, token: token)
        checkout = "\(site.workspace)/\(path)"
        try FileManager.default.createDirectory(atPath: checkout, withIntermediateDirectories: true)
        try await git("init", "--quiet", "--initial-branch", "main")
        try await git("remote", "add", "origin", remote)
    }

    /// The address people give to `pawl repo add`.
    var address: String { "\(site.forge.url)/\(path)" }

    /// Runs git in the checkout.
    @discardableResult
    func git(_ arguments: String...) async throws -> String {
        let identity = ["-c", "user.name=Mira", "-c", "user.email=mira@pawl.test", "-c", "protocol.file.allow=always"]
        let outcome = try await Site.run(
            "git", identity + arguments,
            environment: [
                "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1",
                "HOME": site.workspace, "GIT_TERMINAL_PROMPT": "0",
            ], in: checkout)
        guard outcome.status == 0 else { throw SiteError("git \(arguments): \(outcome.errors)") }
        return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Writes files and commits everything.
    /// - Returns: the commit.
    @discardableResult
    func commit(_ files: [String: String], message: String = "A change") async throws -> String {
        for (name, text) in files {
            let file = URL(filePath: "\(checkout)/\(name)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        try await git("add", "--all")
        try await git("commit", "--quiet", "--allow-empty", "--message", message)
        return try await git("rev-parse", "HEAD")
    }

    /// Pushes HEAD to a ref.
    func push(to ref: String = "refs/heads/main") async throws {
        try await git("push", "--quiet", "--force", "origin", "HEAD:\(ref)")
    }

    /// Writes files, commits and pushes them.
    /// - Returns: the commit.
    func push(
        _ files: [String: String], message: String = "A change", to ref: String = "refs/heads/main"
    ) async throws -> String {
        let commit = try await commit(files, message: message)
        try await push(to: ref)
        return commit
    }

    // MARK: What the forge was told

    /// Waits until the forge was told the state of a context, after so many statuses of the commit.
    @discardableResult
    func told(
        _ state: ToldState, _ context: String, on commit: String, after seen: Int = 0
    ) async throws -> ForgeRecord.Status {
        let kind = site.forge.kind
        let isWanted: @Sendable (ForgeRecord.Status) -> Bool = {
            $0.commit == commit && $0.context == context && ToldState($0.state, on: kind) == state
        }
        let record = try await site.forge.record { record in
            record.statuses.lazy.filter { $0.commit == commit }.dropFirst(seen).contains(where: isWanted)
        }
        guard let status = record.statuses.last(where: isWanted) else { throw SiteError("no status \(context)") }
        return status
    }

    /// Waits until the report on a pull request has a text in it.
    /// - Returns: the report.
    @discardableResult
    func reported(_ text: String, on request: Int64) async throws -> String {
        let repository = try site.forge.repository(path).id
        let record = try await site.forge.record { record in
            record.comments(on: request, of: repository).contains {
                $0.body.contains(text) && $0.body.contains("pawl:report")
            }
        }
        return record.comments(on: request, of: repository).first { $0.body.contains("pawl:report") }?.body ?? ""
    }

    /// Waits until the whole of a commit's pipeline has ended before the forge's eyes.
    /// - Returns: the newest state of each context.
    @discardableResult
    func ended(
        _ commit: String, source: String = "push", after seen: Int = 0
    ) async throws -> [String: ToldState] {
        let kind = site.forge.kind
        let record = try await site.forge.record { record in
            let statuses = record.statuses.filter { $0.commit == commit }
            guard statuses.count > seen, let last = statuses.last(where: { $0.context == "pawl/\(source)" }) else {
                return false
            }
            return ToldState(last.state, on: kind) != .pending
                && statuses[seen...].contains { $0.context == "pawl/\(source)" && $0.id == last.id }
        }
        return record.newest(for: commit).mapValues { ToldState($0.state, on: kind) }
    }

    /// Everything the forge was told about a commit, in order.
    func statuses(of commit: String) -> [ForgeRecord.Status] {
        site.forge.record.statuses.filter { $0.commit == commit }
    }

    /// The newest text of a context.
    func text(_ context: String, on commit: String) -> String {
        site.forge.record.newest(for: commit)[context]?.description ?? ""
    }

    /// The number of a commit's pipeline, as the links in its statuses have it.
    func pipeline(of commit: String, source: String = "push") throws -> String {
        let url = site.forge.record.newest(for: commit)["pawl/\(source)"]?.targetURL ?? ""
        guard let number = url.split(separator: "/pipelines/").last?.prefix(while: \.isNumber), !number.isEmpty else {
            throw SiteError("no link to a pipeline of \(commit.prefix(7)): \(url)")
        }
        return String(number)
    }

    /// What `pawl show --json` says of a commit's pipeline.
    func shown(_ commit: String, source: String = "push") async throws -> ShownPipeline {
        try await site.pawl("show", try pipeline(of: commit, source: source), as: ShownPipeline.self)
    }

    /// A job's log as `pawl logs` prints it.
    func log(_ job: String, of commit: String, source: String = "push") async throws -> String {
        let outcome = try await site.pawl("logs", "\(try pipeline(of: commit, source: source))/\(job)")
        guard outcome.status == 0 else { throw SiteError("pawl logs: \(outcome.errors)") }
        return outcome.output
    }
}

/// A status's state in one vocabulary for both forges. GitLab has one word for what GitHub calls failure and error.
enum ToldState: String, Decodable, Sendable {
    case pending, success, failure, error

    /// Reads a forge's word.
    init(_ word: String, on kind: ForgeKind) {
        switch word {
        case "success": self = .success
        case "pending", "running": self = .pending
        case "error": self = .error
        default: self = .failure
        }
    }

    /// As a forge of that kind can show it.
    func shown(on kind: ForgeKind) -> ToldState { kind == .gitlab && self == .error ? .failure : self }
}
