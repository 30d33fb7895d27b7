import FoundationEssentials
import Forges

/// What a forge was told and what it sent, in order.
public struct ForgeRecord: Sendable {
    /// A status that was accepted.
    public struct Status: Sendable {
        /// Its number; they grow.
        public var id: Int64
        /// When it came.
        public var receivedAt: Date
        /// The repository's number.
        public var repositoryID: Int64
        /// The repository's path.
        public var repository: String
        /// The commit it is for.
        public var commit: String
        /// The ref, where one was named.
        public var ref: String?
        /// Who speaks: GitHub's context, GitLab's name.
        public var context: String
        /// The state in the forge's own word.
        public var state: String
        /// The text.
        public var description: String
        /// The page to look at.
        public var targetURL: String?
        /// GitLab's pipeline it was appended to.
        public var pipeline: Int64?
    }

    /// A comment as it now stands.
    public struct Comment: Sendable {
        /// Its number.
        public var id: Int64
        /// The repository's number.
        public var repositoryID: Int64
        /// The number of the request it is on.
        public var request: Int64
        /// Who wrote it.
        public var author: String
        /// Its text.
        public var body: String
        /// How often it was changed.
        public var edits = 0
    }

    /// A request that was answered with 400 or more.
    public struct Refusal: Sendable {
        /// When.
        public var at: Date
        /// The method.
        public var method: String
        /// The path with its query.
        public var path: String
        /// The answer's status; 0 where there was none.
        public var status: Int
        /// The answer's body, or the outage.
        public var reason: String
    }

    /// One try to send a webhook.
    public struct Delivery: Sendable {
        /// The try's number; they grow.
        public var id: Int64
        /// The same for every try of one event.
        public var guid: String
        /// The hook's number.
        public var hook: Int64
        /// The event in the forge's own word.
        public var event: String
        /// GitHub's action, where the event has one.
        public var action: String?
        /// When it was answered.
        public var at: Date
        /// Whether somebody asked for it to be sent again.
        public var isRedelivery: Bool
        /// How long the answer took.
        public var seconds: Double
        /// The receiver's answer; 0 where there was none.
        public var answer: Int
        /// The repository's number.
        public var repositoryID: Int64
        var body: [UInt8]
    }

    /// Which forge it is.
    public var forge: String
    /// The statuses that were accepted.
    public var statuses: [Status] = []
    /// The comments on pull requests.
    public var comments: [Comment] = []
    /// The requests that were refused, those of an outage among them.
    public var refusals: [Refusal] = []
    /// What was wrong with requests that do not conform to the API.
    public var violations: [String] = []
    /// The webhooks that were sent.
    public var deliveries: [Delivery] = []
    /// How many API requests came.
    public var requests = 0
    /// How often all outages were ended.
    var outagesEnded = 0

    init(forge: String) { self.forge = forge }

    /// The newest status of each context for a commit.
    public func newest(for commit: String) -> [String: Status] {
        statuses.filter { $0.commit == commit }.reduce(into: [:]) { $0[$1.context] = $1 }
    }

    /// The comments on a request, oldest first.
    public func comments(on request: Int64, of repository: Int64) -> [Comment] {
        comments.filter { $0.request == request && $0.repositoryID == repository }
    }

    /// The record as JSON, as `GET /_stub/record` gives it.
    public var json: JSONValue {
        [
            "forge": .string(forge), "requests": .integer(Int64(requests)),
            "statuses": .array(statuses.map(\.json)),
            "comments": .array(
                comments.map {
                    [
                        "id": .integer($0.id), "request": .integer($0.request), "author": .string($0.author),
                        "body": .string($0.body), "edits": .integer(Int64($0.edits)),
                    ]
                }),
            "refusals": .array(
                refusals.map {
                    [
                        "at": .time($0.at), "method": .string($0.method), "path": .string($0.path),
                        "status": .integer(Int64($0.status)), "reason": .string($0.reason),
                    ]
                }),
            "violations": .array(violations.map(JSONValue.string)),
            "deliveries": .array(
                deliveries.map {
                    [
                        "id": .integer($0.id), "guid": .string($0.guid), "hook": .integer($0.hook),
                        "event": .string($0.event), "at": .time($0.at), "redelivery": .bool($0.isRedelivery),
                        "answer": .integer(Int64($0.answer)),
                    ]
                }),
        ]
    }
}

extension ForgeRecord.Status {
    var json: JSONValue {
        [
            "at": .time(receivedAt), "repository": .string(repository), "commit": .string(commit),
            "ref": .optional(ref),
            "context": .string(context), "state": .string(state), "description": .string(description),
            "target_url": .optional(targetURL), "pipeline": pipeline.map(JSONValue.integer) ?? .null,
        ]
    }
}

extension JSONValue {
    /// A time as the forges write it, with milliseconds.
    static func time(_ date: Date) -> JSONValue {
        .string(date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }

    /// A text, or null.
    static func optional(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }
}
