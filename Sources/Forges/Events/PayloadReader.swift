import PipelineModel

/// Reads verified deliveries of one forge.
public struct PayloadReader: Sendable {
    /// The kind of forge.
    public let kind: ForgeKind
    /// The name of the forge's section in the settings; it stands in every repository reference.
    public let forge: String

    /// Reads the deliveries of a forge.
    public init(kind: ForgeKind, forge: String) {
        self.kind = kind
        self.forge = forge
    }

    /// What a delivery says. Verify it first.
    ///
    /// An event of an unknown kind is no error: its kind is `other`.
    /// - Throws: `ForgeError` with code `unreadablePayload`, naming what is wrong, for a body that is not what the
    ///   forge sends.
    public func delivery(headers: WebhookHeaders, body: [UInt8]) throws(ForgeError) -> ForgeDelivery {
        let payload = try PayloadFields(Self.json(headers: headers, body: body, kind: kind))
        let name = headers.eventName(from: kind) ?? ""
        var delivery =
            switch kind {
            case .github: try GitHubPayload(payload, event: name, forge: forge).delivery()
            case .gitlab: try GitLabPayload(payload, event: name, forge: forge).delivery()
            case .git: try GitPayload(payload, event: name, forge: forge).delivery()
            }
        delivery.key = headers.deliveryKey(from: kind)
        return delivery
    }

    /// The JSON of a body: the body itself, or the parameter `payload` of the form that GitHub can be set to send.
    private static func json(headers: WebhookHeaders, body: [UInt8], kind: ForgeKind) throws(ForgeError) -> JSONValue {
        let mediaType = (headers.value("Content-Type") ?? "").prefix { $0 != ";" }.trimmingSpaces.lowercased()
        var text = body
        if mediaType == "application/x-www-form-urlencoded" {
            guard kind == .github, let payload = formParameter("payload", in: body) else {
                throw PayloadFields.unreadable("The form has not exactly one well-formed parameter payload")
            }
            text = payload
        }
        do {
            return try JSONValue(parsing: text)
        } catch {
            throw PayloadFields.unreadable("The payload is no JSON that is read here: \(error)", cause: error)
        }
    }

    /// The decoded value of a form's parameter; nil where it is not there exactly once, or is not well-formed.
    private static func formParameter(_ name: String, in body: [UInt8]) -> [UInt8]? {
        let values = body.split(separator: UInt8(ascii: "&")).compactMap { pair -> ArraySlice<UInt8>? in
            guard pair.starts(with: Array(name.utf8) + [UInt8(ascii: "=")]) else { return nil }
            return pair.dropFirst(name.utf8.count + 1)
        }
        guard values.count == 1 else { return nil }
        return PercentDecoding.decode(values[0], plusIsBlank: true)
    }
}
