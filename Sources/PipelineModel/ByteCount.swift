/// An amount of memory or storage.
public struct ByteCount: Hashable, Comparable, Codable, Sendable {
    /// The amount in bytes.
    public let bytes: Int64

    /// An amount in bytes.
    public init(bytes: Int64) { self.bytes = bytes }

    /// Reads the bare number of bytes.
    public init(from decoder: any Decoder) throws { bytes = try decoder.singleValueContainer().decode(Int64.self) }

    /// Writes the bare number of bytes.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }

    /// The smaller amount comes first.
    public static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }

    /// An amount in mebibytes.
    public static func mebibytes(_ count: Int64) -> Self { Self(bytes: count << 20) }

    /// An amount in gibibytes.
    public static func gibibytes(_ count: Int64) -> Self { Self(bytes: count << 30) }

    /// The amount as memory is given: `40 GiB`, `512 MiB`, cut to one digit after the point.
    public var memoryText: String {
        let units: [(String, Int64)] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        guard let (unit, size) = units.first(where: { bytes >= $0.1 }) else { return "\(bytes) B" }
        let tenths = bytes % size * 10 / size
        return tenths == 0 ? "\(bytes / size) \(unit)" : "\(bytes / size).\(tenths) \(unit)"
    }

    /// Reads `512`, `512MiB`, `40GiB`, `1.5GB`, `2g`; nil for anything else.
    ///
    /// `k`, `m`, `g`, `t` alone and with `iB` are powers of 1024, as in Docker; with `B` alone they are powers of 1000.
    public init?(parsing text: String) {
        let trimmed = text.trimmingSpaces
        let digits = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let number = Double(digits), number.isFinite, number >= 0 else { return nil }
        let unit = trimmed.dropFirst(digits.count).trimmingSpaces.lowercased()
        let powers: [Character: Double] = ["k": 1, "m": 2, "g": 3, "t": 4]
        var factor = 1.0
        if unit != "" && unit != "b" {
            guard let letter = unit.first, let power = powers[letter] else { return nil }
            switch unit.dropFirst() {
            case "", "ib": factor = Self.power(of: 1_024, power)
            case "b": factor = Self.power(of: 1_000, power)
            default: return nil
            }
        }
        let total = number * factor
        guard total < 9e18 else { return nil }
        self.init(bytes: Int64(total))
    }

    private static func power(of base: Double, _ exponent: Double) -> Double {
        (0..<Int(exponent)).reduce(1.0) { product, _ in product * base }
    }
}

extension StringProtocol {
    /// The text without ASCII blanks, tabs and line ends at either end.
    public var trimmingSpaces: String {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
        guard let start = firstIndex(where: { !blank($0) }), let end = lastIndex(where: { !blank($0) }) else {
            return ""
        }
        return String(self[start...end])
    }
}
