/// The forms in which a secret's value may turn up in a log: as it is, line by line, quoted for a shell, escaped for
/// JSON and URLs, and in base64 wherever it stands in what was encoded.
public struct SecretForms: Sendable {
    /// Shorter values and forms are not hidden: they would hide half the log and tell little.
    public static let leastLength = 6

    /// Every form once; empty when the value is too short.
    public let all: Set<[UInt8]>

    /// Derives the forms of a value.
    public init(of value: String) {
        let whole = Array(value.utf8)
        var forms: Set<[UInt8]> = []
        for part in Self.parts(of: whole) {
            forms.insert(part)
            forms.insert(Self.shellQuoted(part))
            forms.formUnion(Self.jsonEscaped(part))
            forms.formUnion(Self.urlEncoded(part))
            forms.formUnion(Base64Forms(of: part).all)
        }
        all = forms.filter { $0.count >= Self.leastLength }
    }

    /// The value, the value without the line ends around it, and each of its lines that is long enough by itself.
    private static func parts(of value: [UInt8]) -> Set<[UInt8]> {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        func trimmed(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
            guard let first = bytes.firstIndex(where: { !isBlank($0) }),
                let last = bytes.lastIndex(where: { !isBlank($0) })
            else { return [] }
            return Array(bytes[first...last])
        }
        var parts: Set<[UInt8]> = [value, trimmed(value[...])]
        for line in value.split(separator: UInt8(ascii: "\n")) { parts.insert(trimmed(line)) }
        return parts.filter { part in part.count >= leastLength && !part.allSatisfy(isBlank) }
    }

    /// As `set -x` prints it: within single quotes.
    private static func shellQuoted(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { $0 == UInt8(ascii: "'") ? Array(#"'\''"#.utf8) : [$0] }
    }

    /// As JSON writers print it.
    private static func jsonEscaped(_ bytes: [UInt8]) -> Set<[UInt8]> {
        let text = String(decoding: bytes, as: UTF8.self)
        return Set(JSONWriting.all.map { $0.escaped(text) })
    }

    /// As URLs and forms hold it: digits in capitals or not, a blank as `%20` or `+`, `/` bare or not.
    private static func urlEncoded(_ bytes: [UInt8]) -> Set<[UInt8]> {
        var forms: Set<[UInt8]> = []
        for digits in ["0123456789ABCDEF", "0123456789abcdef"].map({ Array($0.utf8) }) {
            for bare in ["-._~", "-._~/", "-._*+"] {
                let kept = Set(bare.utf8)
                forms.insert(
                    bytes.flatMap { byte -> [UInt8] in
                        if byte == 0x20, kept.contains(UInt8(ascii: "+")) { return [UInt8(ascii: "+")] }
                        if isAlphanumeric(byte) || (byte != UInt8(ascii: "+") && kept.contains(byte)) { return [byte] }
                        return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                    })
            }
        }
        return forms
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
