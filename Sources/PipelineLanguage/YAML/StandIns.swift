/// Characters that the composer sees in place of some of a text, so that it does not take them for what they are.
///
/// They are private characters that the text does not have, one for one, so that every position stays what it is.
struct StandIns: Sendable {
    /// Stands for `*`.
    let star: Unicode.Scalar
    /// All of them stand for `<`.
    private let angles: [Unicode.Scalar]
    /// Stand for the first characters of keys that are there again.
    private var beginnings: [(standIn: Unicode.Scalar, character: Unicode.Scalar)] = []

    /// How many keys may be there again in one file.
    static let repetitionLimit = 20

    private let repeated: [Unicode.Scalar]

    private static let range: ClosedRange<UInt32> = 0xE000...0xE0FF

    /// Finds characters that a text does not have; nil where it has them all.
    init?(for text: String) {
        let used = Set(text.unicodeScalars.lazy.map(\.value).filter(Self.range.contains))
        let free = Self.range.compactMap { used.contains($0) ? nil : Unicode.Scalar($0) }
        guard let first = free.first else { return nil }
        star = first
        repeated = Array(free.dropFirst().prefix(Self.repetitionLimit))
        angles = Array(free.dropFirst(1 + Self.repetitionLimit))
    }

    /// The text with the key at a place made unlike the others of its name; nil where that cannot be done.
    mutating func setApart(_ text: String, line: Int, column: Int) -> String? {
        guard beginnings.count < repeated.count else { return nil }
        var scalars = Array(text.unicodeScalars)
        var start = 0
        for _ in 1..<max(1, line) {
            guard let end = scalars[start...].firstIndex(of: "\n") else { return nil }
            start = end + 1
        }
        var place = start + column - 1
        if scalars.indices.contains(place), scalars[place] == "\"" || scalars[place] == "'" { place += 1 }
        // Of what else could stand there, nothing keeps its meaning when it is replaced.
        guard scalars.indices.contains(place), ScalarSet.word.contains(scalars[place]) || scalars[place] == "." else {
            return nil
        }
        let standIn = repeated[beginnings.count]
        beginnings.append((standIn, scalars[place]))
        scalars[place] = standIn
        return String(String.UnicodeScalarView(scalars))
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
            let beginning = beginnings.first { $0.standIn == scalar }?.character
            result.append(beginning ?? (scalar == star ? "*" : angles.contains(scalar) ? "<" : scalar))
        }
        return String(result)
    }
}
