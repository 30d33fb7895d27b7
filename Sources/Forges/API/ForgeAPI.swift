import PipelineModel

/// What Pawl asks of a forge and tells it.
///
/// Every function throws `ForgeError`; `isTransient` says whether the same call may succeed later, `retryAfter` when
/// the forge wants to be asked again at the earliest. Any task may call it; nothing has to be closed. What a kind of
/// forge cannot do throws with code `unsupported`. Cancellation is thrown as `CancellationError`.
public protocol ForgeAPI: Sendable {
    /// The kind of forge.
    var kind: ForgeKind { get }

    /// Tells the forge how a commit stands. Telling the same again does no harm.
    /// - Parameter group: what the forge's answer to an earlier status of that commit and ref said it belongs to, so that
    ///   this one goes there too; nil where there was none.
    func post(
        _ status: CommitStatus, to repository: RepositoryReference, in group: StatusGroup?
    ) async throws -> StatusAnswer

    /// The repository at a path such as `ml/churn`, with its number as the forge knows it now.
    func repository(at path: String) async throws -> RepositoryReference

    /// The repository of that number, wherever it is now.
    func repository(numbered remoteID: Int64) async throws -> RepositoryReference

    /// A pull request as it stands now. Trust is decided on this, never on what an event said.
    func pullRequest(_ number: Int64, of repository: RepositoryReference) async throws -> PullRequest

    /// Puts a comment on a pull request, in place of the one that is there already, of which there is never more than one.
    /// - Parameters:
    ///   - text: the comment, Markdown of at most 65,536 characters, with the mark in it.
    ///   - known: the forge's number for the one that is there; nil where that is not known.
    ///   - mark: a text that no other comment has, by which one is found whose number is not known.
    /// - Returns: the forge's number for the comment.
    func putComment(
        _ text: String, on pullRequest: Int64, of repository: RepositoryReference, known: Int64?, mark: String
    ) async throws -> Int64

    /// What an account may do in the repository, decided on its number; `none` when the number is not known.
    func role(of account: Event.Actor, in repository: RepositoryReference) async throws -> AccountRole

    /// All branches with the commits at their tips.
    func branchHeads(of repository: RepositoryReference) async throws -> [BranchHead]

    /// Whether the forge guards a full ref against changes by everybody. False for one that is not there.
    func isProtected(_ ref: String, of repository: RepositoryReference) async throws -> Bool

    /// Makes a webhook for the events Pawl acts on. One that has its address already is changed in place, so that at no
    /// moment there is none; others with that address, which would send everything twice, are removed afterwards.
    func makeHook(_ wish: HookWish, on repository: RepositoryReference) async throws -> HookReceipt

    /// Has the forge send a test delivery through a hook.
    func testHook(_ id: Int64, on repository: RepositoryReference) async throws

    /// What the forge sent through a hook since a moment, newest first.
    func deliveries(
        ofHook id: Int64, on repository: RepositoryReference, since: Timestamp
    ) async throws -> [HookDelivery]

    /// Has the forge send a delivery again.
    func redeliver(_ delivery: Int64, ofHook id: Int64, on repository: RepositoryReference) async throws

    /// Who the credential is, and what the forge does by itself with a repository. What cannot be found out is nil.
    func survey(of repository: RepositoryReference) async throws -> ForgeSurvey

    /// A credential that can only read this repository; nil where it is public or none is set.
    func cloneCredential(for repository: RepositoryReference) async throws -> CloneCredential?
}

extension ForgeAPI {
    /// Nothing is known.
    public func survey(of repository: RepositoryReference) async throws -> ForgeSurvey { ForgeSurvey() }

    /// Tells the forge how a commit stands, where nothing was told before.
    public func post(_ status: CommitStatus, to repository: RepositoryReference) async throws -> StatusAnswer {
        try await post(status, to: repository, in: nil)
    }
}

/// What a forge keeps statuses of a commit together in, by its own number: GitLab's pipeline. A commit may have several,
/// and a status goes to the newest unless it names one.
public struct StatusGroup: Hashable, Sendable {
    /// The forge's number for it.
    public let remoteID: Int64

    /// Names a group.
    public init(remoteID: Int64) { self.remoteID = remoteID }
}

/// What a forge made of a status.
public struct StatusAnswer: Hashable, Sendable {
    /// Whether it was new to the forge, which shows it now; false where the forge showed it already.
    public let isNew: Bool
    /// Where the forge keeps it; nil where the forge has no groups, or does not say.
    public let group: StatusGroup?

    /// Describes an answer.
    public init(isNew: Bool, group: StatusGroup? = nil) {
        self.isNew = isNew
        self.group = group
    }

    /// The forge shows it now.
    public static let accepted = StatusAnswer(isNew: true)
    /// The forge showed it already.
    public static let alreadyThere = StatusAnswer(isNew: false)
}

/// What an account may do in a repository, in order.
public enum AccountRole: Int, Comparable, Sendable {
    case none, read, write
    /// Settings and approvals: GitHub's maintain and admin, GitLab's Maintainer and Owner.
    case maintain

    /// The smaller right comes first.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A branch and the commit at its tip.
public struct BranchHead: Hashable, Sendable {
    /// The branch's name.
    public let name: String
    /// The commit.
    public let commit: String
    /// Whether the forge guards it.
    public let isProtected: Bool
}

/// A webhook that is to be made.
public struct HookWish: Sendable {
    /// Where the forge sends events to.
    public var url: String
    /// The secret that signs them. For GitLab a signing token, `whsec_…`.
    public var secret: Redacted
    /// For GitLab servers older than 19.0, which know no signing token: the secret token they send instead.
    public var token: Redacted?
    /// Whether the forge checks the certificate behind `url`.
    public var verifiesCertificate: Bool

    /// Wishes for a hook.
    public init(url: String, secret: Redacted, token: Redacted? = nil, verifiesCertificate: Bool = true) {
        self.url = url
        self.secret = secret
        self.token = token
        self.verifiesCertificate = verifiesCertificate
    }
}

/// A webhook that was made.
public struct HookReceipt: Hashable, Sendable {
    /// The forge's number for it.
    public let id: Int64
    /// Whether it signs what it sends. False only for a GitLab server that knows no signing token; its hook sends the
    /// secret token.
    public let isSigning: Bool
}

/// One request that a forge sent, or tried to send, through a hook.
public struct HookDelivery: Hashable, Sendable {
    /// The forge's number for the attempt.
    public let id: Int64
    /// What names the delivery in its headers; the same for all attempts at it.
    public let key: String
    /// When it was sent.
    public let sentAt: Timestamp
    /// The status it was answered with; 0 where no answer came.
    public let answer: Int
    /// The forge's word for the event.
    public let event: String

    /// Whether it was taken.
    public var isTaken: Bool { (200..<300).contains(answer) }
}

/// What git shows a forge in order to read a repository.
public struct CloneCredential: Sendable {
    /// The account's name; for tokens a word that the forge prescribes.
    public let user: String
    /// The token.
    public let password: Redacted
    /// When it stops working; nil where that is not known.
    public let expiresAt: Timestamp?
}
