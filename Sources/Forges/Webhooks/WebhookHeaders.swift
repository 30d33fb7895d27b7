/// The headers of a webhook request, found by name in any case.
public struct WebhookHeaders: Sendable {
    /// How often a header came.
    enum Field: Equatable {
        case absent
        case once(String)
        case repeated
    }

    private let fields: [(name: String, value: String)]

    /// Wraps names and values in the order they came.
    public init(_ fields: [(name: String, value: String)]) {
        self.fields = fields.map { ($0.name.lowercased(), $0.value) }
    }

    /// The header of that name, which must not come twice: of two signatures, proxies and servers pick different ones.
    func field(_ name: String) -> Field {
        let wanted = name.lowercased()
        let values = fields.filter { $0.name == wanted }.map(\.value)
        guard let value = values.first else { return .absent }
        return values.count == 1 ? .once(value.trimmingBlanks) : .repeated
    }

    /// The value of a header that came once; nil otherwise.
    func value(_ name: String) -> String? {
        if case .once(let value) = field(name) { value } else { nil }
    }

    /// The forge's word for what happened, such as `push` or `Merge Request Hook`.
    public func eventName(from forge: ForgeKind) -> String? {
        switch forge {
        case .github: value("X-GitHub-Event")
        case .gitlab: value("X-Gitlab-Event")
        case .git: value("X-Pawl-Event")
        }
    }

    /// What names the delivery, and is the same when the forge sends it again; nil from servers that send no such thing.
    public func deliveryKey(from forge: ForgeKind) -> String? {
        let names =
            switch forge {
            case .github: ["X-GitHub-Delivery"]
            // The event's UUID comes last: it is shared by all hooks that one event calls.
            case .gitlab: ["Idempotency-Key", "webhook-id", "X-Gitlab-Event-UUID"]
            case .git: ["X-Pawl-Delivery"]
            }
        return names.lazy.compactMap { value($0) }.first { key in
            !key.isEmpty && key.utf8.count <= 128 && key.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        }
    }
}

extension String {
    /// The text without blanks and tabs at its ends, which are no part of a header's value (RFC 9110, 5.5).
    fileprivate var trimmingBlanks: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}
