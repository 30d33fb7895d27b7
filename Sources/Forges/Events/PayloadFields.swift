import PipelineModel

/// One object of a payload: reads its members, and says which one is wrong.
///
/// A member that is absent or null is nil; one of another type, or longer than its limit, is an error that names it.
struct PayloadFields {
    let value: JSONValue
    let place: String

    /// The longest name, ref or URL that is read, in bytes. Git itself ends at about four times that; forges' own limits
    /// are 255.
    static let nameLimit = 1_024
    /// The longest text that is kept of a message or comment, in bytes.
    static let textLimit = 65_536
    /// The most elements that are read of a list of names.
    static let listLimit = 10_000

    init(_ value: JSONValue, at place: String = "") throws(ForgeError) {
        guard value.members != nil else {
            throw Self.unreadable(place.isEmpty ? "The payload is no JSON object" : "\(place) is no object")
        }
        self.value = value
        self.place = place
    }

    static func unreadable(_ what: String, cause: (any Error)? = nil) -> ForgeError {
        ForgeError(
            .unreadablePayload,
            message: "\(what). This is not what the forge sends: the delivery is not carried out.", cause: cause)
    }

    func error(_ name: String, _ what: String) -> ForgeError { Self.unreadable("\(path(name)) \(what)") }

    private func path(_ name: String) -> String { place.isEmpty ? name : "\(place).\(name)" }

    func object(_ name: String) throws(ForgeError) -> PayloadFields? {
        guard let member = value[name] else { return nil }
        return try PayloadFields(member, at: path(name))
    }

    func objects(_ name: String) throws(ForgeError) -> [PayloadFields] {
        guard let member = value[name] else { return [] }
        guard let elements = member.elements else { throw error(name, "is no list") }
        var objects: [PayloadFields] = []
        for element in elements.prefix(Self.listLimit) { objects.append(try PayloadFields(element, at: path(name))) }
        return objects
    }

    /// A name, ref or URL: bounded, and without control characters.
    func name(_ name: String) throws(ForgeError) -> String? {
        guard let member = value[name] else { return nil }
        guard let text = member.text else { throw error(name, "is no text") }
        guard text.utf8.count <= Self.nameLimit else {
            throw error(name, "is \(text.utf8.count) bytes long; up to \(Self.nameLimit) are read")
        }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw error(name, "has a control character") }
        return text
    }

    /// The first of several members that is there, read as a name.
    func firstName(_ names: String...) throws(ForgeError) -> String? {
        for name in names { if let text = try self.name(name) { return text } }
        return nil
    }

    /// A text of any length, of which the beginning is kept.
    func text(_ name: String) throws(ForgeError) -> String? {
        guard let member = value[name] else { return nil }
        guard let text = member.text else { throw error(name, "is no text") }
        guard text.utf8.count > Self.textLimit else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: Self.textLimit)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }

    func number(_ name: String) throws(ForgeError) -> Int64? {
        guard let member = value[name] else { return nil }
        guard let number = member.whole else { throw error(name, "is no whole number") }
        return number
    }

    func flag(_ name: String) throws(ForgeError) -> Bool? {
        guard let member = value[name] else { return nil }
        guard let flag = member.flag else { throw error(name, "is neither true nor false") }
        return flag
    }

    func names(_ name: String) throws(ForgeError) -> [String] {
        guard let member = value[name] else { return [] }
        guard let elements = member.elements else { throw error(name, "is no list") }
        var names: [String] = []
        for element in elements.prefix(Self.listLimit) {
            guard let text = element.text else { throw error(name, "has an element that is no text") }
            // A path that no file system takes is no path that a rule could be about.
            if text.utf8.count <= 4_096 { names.append(text) }
        }
        return names
    }

    /// A commit id: 40 or 64 hexadecimal digits. Zeros alone stand for "none" and give nil.
    func commit(_ name: String) throws(ForgeError) -> String? {
        guard let text = try self.name(name), text.utf8.contains(where: { $0 != UInt8(ascii: "0") }) else { return nil }
        let isHexadecimal = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard isHexadecimal, text.utf8.count == 40 || text.utf8.count == 64 else {
            throw error(name, "is no commit id")
        }
        return text
    }

    /// A full ref as git takes it, such as `refs/heads/main`.
    func ref(_ name: String) throws(ForgeError) -> String? {
        guard let ref = try self.name(name) else { return nil }
        guard ref.hasPrefix("refs/"), Self.isRefName(ref) else { throw error(name, "is no ref as git takes it") }
        return ref
    }

    /// Whether git takes a name for a ref (`git check-ref-format`).
    static func isRefName(_ name: String) -> Bool {
        let forbidden = Set(" ~^:?*[\\".utf8)
        guard !name.utf8.contains(where: { forbidden.contains($0) || $0 < 0x20 || $0 == 0x7F }) else { return false }
        guard !name.contains(".."), !name.contains("@{"), !name.hasSuffix(".") else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".lock")
        }
    }

    /// A member the event means nothing without.
    func required<Value>(
        _ name: String, _ read: (PayloadFields) -> (String) throws(ForgeError) -> Value?
    ) throws(ForgeError) -> Value {
        guard let value = try read(self)(name) else { throw error(name, "is missing") }
        return value
    }
}
