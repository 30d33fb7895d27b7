import PipelineModel
import Signing

/// What Pawl's post-receive hook sends for one ref of a push to a plain-Git repository.
public struct GitHookMessage: Hashable, Sendable {
    /// The repository; its `remoteID` was given to it when the hook was put in place.
    public var repository: RepositoryReference
    /// The full ref.
    public var ref: String
    /// What it pointed to, zeros where it is new.
    public var before: String
    /// What it points to, zeros where it is gone. Of an annotated tag, the tag object.
    public var after: String
    /// The commit it points to; nil where it is gone.
    public var commit: String?
    /// Who pushed, as the machine calls the account.
    public var pusher: String?
    /// The commit's whole message.
    public var message: String?
    /// Whether history was replaced.
    public var forced: Bool?
    /// The paths that differ between before and after.
    public var changedFiles: [String] = []
    /// What was given with `git push -o`.
    public var pushOptions: [String] = []

    /// Describes a ref's change by what git tells the hook.
    public init(repository: RepositoryReference, ref: String, before: String, after: String) {
        self.repository = repository
        self.ref = ref
        self.before = before
        self.after = after
    }

    /// The body to send.
    public var body: [UInt8] {
        var members: [String: JSONValue] = [
            "version": 1, "repository": Self.json(repository), "ref": .string(ref), "before": .string(before),
            "after": .string(after), "changed_files": .array(changedFiles.map(JSONValue.string)),
            "push_options": .array(pushOptions.map(JSONValue.string)),
        ]
        members["commit"] = commit.map(JSONValue.string)
        members["pusher"] = pusher.map(JSONValue.string)
        members["message"] = message.map(JSONValue.string)
        members["forced"] = forced.map(JSONValue.bool)
        return JSONValue.object(members).bytes
    }

    /// The body of a ping, which only proves that the hook reaches the server.
    public static func ping(_ repository: RepositoryReference) -> [UInt8] {
        JSONValue.object(["version": 1, "repository": json(repository)]).bytes
    }

    private static func json(_ repository: RepositoryReference) -> JSONValue {
        [
            "id": .integer(repository.remoteID), "name": .string(repository.name),
            "clone_url": .string(repository.cloneURL), "default_branch": .string(repository.defaultBranch),
        ]
    }

    /// The headers that prove a body, signed with the hook's secret.
    /// - Parameters:
    ///   - event: `push` or `ping`.
    ///   - delivery: an id of the caller's choice, the same when the same message is sent again.
    /// - Throws: `SigningError` for an empty secret.
    public static func headers(
        for body: [UInt8], event: String = "push", delivery: String, secret: Redacted, now: Timestamp
    ) throws(SigningError) -> [(name: String, value: String)] {
        let timestamp = String(now.milliseconds / 1_000)
        var code = try HMACSHA256(key: Array(secret.revealed.utf8))
        try code.update(SignatureClaim.gitPrefix(event: event, delivery: delivery, timestamp: timestamp))
        try code.update(body)
        return [
            ("Content-Type", "application/json"), ("X-Pawl-Event", event), ("X-Pawl-Delivery", delivery),
            ("X-Pawl-Timestamp", timestamp), ("X-Pawl-Signature", "v1=" + Hex.encode(try code.finish())),
        ]
    }
}
