/// Characters that the composer sees in place of some of a text, so that it does not take them for what they are.
///
/// They are private characters that the text does not have, one for one, so that every position stays what it is.
struct StandIns: Sendable {
    /// Stands for `*`.
    let star: Unicode.Scalar
    /// All of them stand for `<`.
    private let angles: [Unicode.Scalar]

    private static let range: ClosedRange<UInt32> = 0xE000...0xE0FF

    /// Finds characters that a text does not have; nil where it has them all.
    init?(for text: String) {
        let used = Set(text.unicodeScalars.lazy.map(\.value).filter(Self.range.contains))
        let free = Self.range.compactMap { used.contains($0) ? nil : Unicode.Scalar($0) }
        guard let first = free.first else { return nil }
        star = first
        angles = Array(free.dropFirst())
    }

    /// The text with every `*` and every `<<` replaced, each `<<` by another pair as long as there are pairs.
    func hiding(_ text: String) -> String {
        // By scalars: a combining mark after a character would hide it from a search by characters.
        var result = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        var pairs = 0
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*": result.append(star)
            case "<" where rest.first == "<" && !angles.isEmpty:
                rest.removeFirst()
                result.append(angles[pairs % angles.count])
                result.append(angles[pairs / angles.count % angles.count])
                pairs += 1
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// What stood there in a text that the composer gives back.
    func restored(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { Self.range.contains($0.value) }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(scalar == star ? "*" : angles.contains(scalar) ? "<" : scalar)
        }
        return String(result)
    }
}
