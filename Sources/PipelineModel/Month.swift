/// A month of the calendar in UTC, written `2026-11`.
public struct Month: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    /// Months since January of the year 0.
    private let number: Int64

    private init(number: Int64) { self.number = number }

    /// The month that a moment lies in.
    public init(of moment: Timestamp) {
        let milliseconds = moment.milliseconds
        let day = milliseconds / 86_400_000 - (milliseconds % 86_400_000 < 0 ? 1 : 0)
        // Days since 1 March of the year 0, whose leap day is then the last of a period of 400 years.
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        number = (yearOfEra + era * 400) * 12 + monthFromMarch + 2
    }

    /// Reads `2026-11`; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 4, parts[1].utf8.count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }), let year = Int64(parts[0]),
            let month = Int64(parts[1]), (1...12).contains(month)
        else { return nil }
        number = year * 12 + month - 1
    }

    /// Reads the text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let month = Month(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a month is written 2026-11")
        }
        self = month
    }

    /// Writes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// `2026-11`.
    public var description: String {
        let (year, month) = (String(number / 12), String(number % 12 + 1))
        return String(repeating: "0", count: max(0, 4 - year.count)) + year + (month.count < 2 ? "-0" : "-") + month
    }

    /// The month after it.
    public var next: Month { Month(number: number + 1) }

    /// The earlier comes first.
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}
