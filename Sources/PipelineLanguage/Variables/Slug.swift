/// Names cut to what host names and paths take, by GitLab's rules.
public enum Slug {
    /// `CI_COMMIT_REF_SLUG`: lower case, everything but a-z and 0-9 becomes `-`, at most 63 bytes, no `-` at either end.
    public static func reference(_ text: String) -> String { make(text, limit: 63) }

    /// `CI_ENVIRONMENT_SLUG`: at most 24 bytes, begins with a letter, and a name that does not fit ends in six
    /// characters of a SHA-256 of it, so that two long names stay apart.
    ///
    /// `sha256` gives the 32 bytes of a digest; this target has no cryptography of its own.
    public static func environment(_ name: String, sha256: ([UInt8]) throws -> [UInt8]) rethrows -> String {
        var slug = String(decoding: replaced(name), as: UTF8.self)
        // A host name begins with a letter.
        if !(slug.utf8.first.map(isLetter) ?? false) { slug = "env-" + slug }
        slug = squeezed(slug)
        guard slug.utf8.count > 24 || slug != name else { return slug.hasSuffix("-") ? String(slug.dropLast()) : slug }
        let head = String(decoding: slug.utf8.prefix(17), as: UTF8.self)
        return head + (head.hasSuffix("-") ? "" : "-") + base36(try sha256(Array(name.utf8))).suffix(6)
    }

    private static func make(_ text: String, limit: Int) -> String {
        let cut = replaced(text).prefix(limit)
        let isDash: (UInt8) -> Bool = { $0 == UInt8(ascii: "-") }
        let start = cut.firstIndex { !isDash($0) } ?? cut.endIndex
        let end = cut.lastIndex { !isDash($0) }.map { $0 + 1 } ?? start
        return String(decoding: cut[start..<max(start, end)], as: UTF8.self)
    }

    private static func replaced(_ text: String) -> [UInt8] {
        text.lowercased().unicodeScalars.map { scalar in
            guard scalar.isASCII else { return UInt8(ascii: "-") }
            let byte = UInt8(scalar.value)
            return isLetter(byte) || isDigit(byte) ? byte : UInt8(ascii: "-")
        }
    }

    private static func squeezed(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            if character != "-" || result.last != "-" { result.append(character) }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    /// A big-endian number written with the digits 0-9 and a-z.
    private static func base36(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz")
        var number = bytes
        var result: [Character] = []
        while number.contains(where: { $0 != 0 }) {
            var remainder = 0
            for index in number.indices {
                let value = remainder << 8 | Int(number[index])
                number[index] = UInt8(value / 36)
                remainder = value % 36
            }
            result.append(digits[remainder])
        }
        return String(result.reversed())
    }
}
