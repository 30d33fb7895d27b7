import PipelineModel

/// What a verified delivery says: the event, and the facts beside it that only some events have.
public struct ForgeDelivery: Hashable, Sendable {
    /// What happened.
    public var event: Event
    /// What else the payload says.
    public var facts: EventFacts
    /// What names the delivery, and is the same when the forge sends it again; nil from servers that send no such thing.
    public var key: String?

    /// The numbers that the payload gives for its repository, whatever else of it can be read.
    private let stated: Set<Int64>

    /// Puts a delivery together.
    /// - Parameter stated: the numbers that the payload gives for its repository, read before anything else.
    public init(event: Event, facts: EventFacts = EventFacts(), key: String? = nil, stated: Set<Int64> = []) {
        self.event = event
        self.facts = facts
        self.key = key
        self.stated = stated
    }

    /// The forge's numbers of the repositories the payload speaks for: each of them has to be bound to the hook. A
    /// fork that a pull request comes from is not among them.
    public var repositoryIDs: Set<Int64> {
        stated.union([event.repository?.remoteID, event.pullRequest?.baseRepositoryID].compactMap { $0 })
    }
}

/// What an event's payload says beside what every event has. All of it is nil or empty where the payload has none.
public struct EventFacts: Hashable, Sendable {
    /// The number of the GitHub App's installation that the event came through.
    public var installationID: Int64?
    /// The account that pushed, where it is named apart from the one that caused the event.
    public var pusher: String?
    /// Whether whoever pushed asked for no pipeline (`git push -o ci.skip`).
    public var asksToSkip = false
    /// How many commits a push brought; the payload lists at most a few of them.
    public var commitCount: Int64?
    /// The label that was added or removed.
    public var label: String?
    /// The account that wrote the comment, which another may have edited or removed.
    public var commentAuthor: String?
    /// GitHub's word for what the comment's author is to the repository. Shown, never trusted.
    public var authorAssociation: String?
    /// The number of the issue or pull request it is about.
    public var issueNumber: Int64?
    /// The check it is about.
    public var check: Check?
    /// The release it is about.
    public var release: Release?
    /// What a ping tells about its hook.
    public var ping: Ping?
    /// The inputs somebody gave who started a workflow by hand, and which workflow.
    public var inputs: [String: String]?
    /// The workflow's file.
    public var workflow: String?
    /// `branch` or `tag`, where GitHub names the kind of ref apart from it.
    public var refType: String?
    /// The ref's short name, where the payload does not say whether it is a branch or a tag.
    public var refName: String?
    /// The branch that a check or a run is for, as the payload names it.
    public var branch: String?
    /// Whether the ref of a GitLab job or pipeline is a tag.
    public var isTag: Bool?
    /// The state of a status, pipeline, job or deployment, in the forge's words.
    public var state: String?
    /// Who speaks in a status.
    public var context: String?
    /// The environment of a deployment.
    public var environment: String?
    /// The beginning of a commit's id, where a payload has no more.
    public var shortCommit: String?
    /// What only GitLab's payloads say.
    public var gitlab: GitLab?

    /// No facts yet.
    public init() {}

    /// A check run or a check suite.
    public struct Check: Hashable, Sendable {
        /// The run's number; nil for a whole suite.
        public var runID: Int64?
        /// The suite's number.
        public var suiteID: Int64?
        /// The run's name.
        public var name: String?
        /// What the App that made the run calls it.
        public var externalID: String?
        /// The App that made it.
        public var appID: Int64?
        /// The pull requests with that commit.
        public var pullRequests: [Int64] = []
    }

    /// A release.
    public struct Release: Hashable, Sendable {
        /// The branch or commit its tag is made from.
        public var target: String?
        /// Whether it is marked as not final.
        public var isPrerelease: Bool?
        /// Whether it is not published yet.
        public var isDraft: Bool?
    }

    /// A hook that says that it works.
    public struct Ping: Hashable, Sendable {
        /// The hook's number.
        public var hookID: Int64?
        /// The events it is for.
        public var events: [String] = []
        /// A sentence of GitHub's.
        public var zen: String?
    }

    /// GitLab's own words.
    public struct GitLab: Hashable, Sendable {
        /// The payload's word for what it is about.
        public var objectKind: String?
        /// A system hook's word for what happened.
        public var eventName: String?
        /// Whether the administrator's system hook sent it.
        public var isSystemHook = false
        /// The project's number.
        public var projectID: Int64?
        /// For a merge request, the number of the project it goes into.
        public var targetProjectID: Int64?
        /// For a merge request, the number of the project it comes from.
        public var sourceProjectID: Int64?
        /// What a comment stands under: `MergeRequest`, `Commit`, `Issue`, `Snippet`.
        public var noteableType: String?
        /// The pipeline's number.
        public var pipelineID: Int64?
    }
}
