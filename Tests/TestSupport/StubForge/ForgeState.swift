import FoundationEssentials
import Forges

/// Somebody with an account on the forge.
public struct StubAccount: Hashable, Sendable {
    /// The number that stays when the name changes.
    public let id: Int64
    /// The login name.
    public let name: String
}

/// What an account may do in a repository.
public enum StubRole: String, Sendable {
    case none, read, triage, write, maintain, admin
}

/// What a token allows.
struct StubCredential: Sendable {
    var account: StubAccount
    /// Whether git pushes and API writes are allowed.
    var mayWrite: Bool
    /// The repositories it is for; nil for all.
    var repositories: Set<Int64>?
    /// When it ends to count; nil for never.
    var expiry: Date?
    /// Whether it belongs to an installation of a GitHub App.
    var isInstallation = false
}

/// A GitHub App with one installation.
struct StubApp: Sendable {
    var id: String
    var installation: Int64
    /// The key its tokens are checked with, in PEM.
    var publicKey: String
}

/// A repository, its hooks and its pull or merge requests.
public struct StubRepository: Sendable {
    /// The number that stays when the path changes.
    public let id: Int64
    /// Owner and name: `mira/churn`.
    public internal(set) var path: String
    /// What it was called before.
    var formerPaths: [String] = []
    /// Owned by this account.
    public let owner: StubAccount
    /// The default branch.
    public var defaultBranch = "main"
    /// Whether reading wants a token.
    public var isPrivate = true
    /// The protected branches.
    public var protectedBranches: Set<String> = ["main"]
    /// What accounts may do, by their number.
    public var roles: [Int64: StubRole] = [:]
    /// The repository this is a fork of.
    public var forkOf: Int64?

    var hooks: [StubHook] = []
    var requests: [StubPullRequest] = []
    var comments: [StubComment] = []

    /// The name without the owner.
    public var name: String { String(path.split(separator: "/").last ?? "") }
}

/// A webhook that the forge sends.
struct StubHook: Sendable {
    let id: Int64
    var url: String
    /// GitHub's secret, or GitLab's token in clear.
    var secret: String?
    /// GitLab's signing token.
    var signingToken: String?
    var events: Set<String>
    var isActive = true
    /// GitLab counts these, and disables the hook at the fourth.
    var failuresInARow = 0
    var disabledUntil: Date?
}

/// A pull request or merge request.
public struct StubPullRequest: Sendable {
    /// Its number in the repository.
    public let number: Int64
    let id: Int64
    /// Who opened it.
    public let author: StubAccount
    /// The title.
    public var title: String
    /// The branch to merge, and the repository it is in.
    public let headBranch: String
    let headRepository: Int64
    /// The commit at its head.
    public var headCommit: String
    /// The branch to merge into.
    public let baseBranch: String
    var baseCommit: String
    /// `open`, `closed` or `merged`.
    public var state = "open"
    var isDraft = false
    var labels: [String] = []
}

/// A comment on a pull request.
struct StubComment: Sendable {
    let id: Int64
    let request: Int64
    let author: StubAccount
    var body: String
    let createdAt: Date
    var updatedAt: Date
}

/// GitLab's pipeline, to which external statuses are appended.
struct StubPipeline: Sendable {
    let id: Int64
    let repository: Int64
    let commit: String
    let ref: String?
}

/// Everything that a forge knows. It is held under the forge's lock.
struct ForgeState: Sendable {
    let kind: ForgeKind
    var repositories: [StubRepository] = []
    var accounts: [StubAccount] = []
    var credentials: [String: StubCredential] = [:]
    var app: StubApp?
    var pipelines: [StubPipeline] = []
    var outages: [Outage] = []
    var record: ForgeRecord
    /// How many requests a GitHub token has left, and when they are given again.
    var remaining = 0
    var reset = Date.distantPast
    /// How many seconds after the next request that is, where that was set.
    var nextWindow: Double?
    /// When writes came that still count.
    var writes: [Date] = []
    private var lastID: Int64 = 1_000

    init(kind: ForgeKind) {
        self.kind = kind
        record = ForgeRecord(forge: kind.rawValue)
    }

    mutating func nextID() -> Int64 {
        lastID += 1
        return lastID
    }

    func index(ofRepository path: String) -> Int? {
        repositories.firstIndex { $0.path == path || String($0.id) == path }
    }

    func repository(_ id: Int64) -> StubRepository? { repositories.first { $0.id == id } }

    func account(_ name: String) -> StubAccount? { accounts.first { $0.name == name || String($0.id) == name } }
}
