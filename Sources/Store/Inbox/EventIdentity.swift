import PipelineModel

/// By what two deliveries are about the same event: forge, repository, kind, ref, before and after.
public struct EventIdentity: Hashable, Codable, Sendable {
    /// The name of the forge's section in the settings.
    public var forge: String
    /// The forge's number of the repository.
    public var remoteID: Int64
    /// What kind of thing happened.
    public var kind: Event.Kind
    /// The full ref; for a pull request, the one that leads to its head.
    public var ref: String
    /// The commit before; nil for a new ref.
    public var before: String?
    /// The commit after; nil for a deletion.
    public var after: String?

    /// How long a repetition counts as the same event.
    public static let window = Duration.minutes(10)

    /// Names an event.
    public init(forge: String, remoteID: Int64, kind: Event.Kind, ref: String, before: String?, after: String?) {
        self.forge = forge
        self.remoteID = remoteID
        self.kind = kind
        self.ref = ref
        self.before = before
        self.after = after
    }

    /// What events of one kind on one ref have in common. The newest of them is the one a repetition is compared with,
    /// so that a branch that goes there and back and there again gets a pipeline each time.
    var subject: String { Self.joined([forge, String(remoteID), kind.rawValue, ref]) }

    /// What the same event repeats.
    var text: String { Self.joined([subject, before ?? "", after ?? ""]) }

    /// Lengths before the parts, so that no two lists of parts give one text.
    private static func joined(_ parts: [String]) -> String {
        parts.map { "\($0.utf8.count):\($0)" }.joined()
    }
}
