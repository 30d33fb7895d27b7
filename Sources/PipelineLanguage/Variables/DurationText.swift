import PipelineModel

extension Duration {
    /// Reads GitLab's time spans: `1h 30m`, `3 hours`, `2h20min`, `3 weeks and 2 days`, `1:30:00`, `42` (seconds).
    ///
    /// A month has 30 days and a year 365.25, as in GitLab. Nil for anything else, and for more than 1,000 years.
    public init?(parsing text: String) {
        guard text.utf8.count <= 200 else { return nil }
        if let seconds = Self.clockSeconds(text) {
            self = .seconds(seconds)
            return
        }
        var rest = text.lowercased()[...]
        var total = 0.0
        var isEmpty = true
        while true {
            rest = rest.drop { $0 == " " || $0 == "," || $0 == "\t" }
            if rest.isEmpty { break }
            if rest.hasPrefix("and ") || rest.hasPrefix("and\t") {
                rest = rest.dropFirst(3)
                continue
            }
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let number = Double(digits) else { return nil }
            rest = rest[digits.endIndex...].drop { $0 == " " }
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            // A number without a unit is a number of seconds, and can only come last.
            guard let factor = unit.isEmpty && rest.isEmpty ? 1 : Self.unitSeconds[String(unit)] else { return nil }
            rest = rest[unit.endIndex...]
            total += number * factor
            isEmpty = false
        }
        guard !isEmpty, total.isFinite, total <= 31_557_600_000 else { return nil }
        self = .milliseconds(Int64((total * 1_000).rounded()))
    }

    private static func clockSeconds(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else { return nil }
        var total = 0
        for part in parts {
            guard part.count <= 4, let number = Int(part), number >= 0 else { return nil }
            total = total * 60 + number
        }
        return total
    }

    private static let unitSeconds: [String: Double] = {
        let units: [([String], Double)] = [
            (["s", "sec", "secs", "second", "seconds"], 1), (["m", "min", "mins", "minute", "minutes"], 60),
            (["h", "hr", "hrs", "hour", "hours"], 3_600), (["d", "dy", "dys", "day", "days"], 86_400),
            (["w", "wk", "wks", "week", "weeks"], 604_800), (["mo", "mos", "month", "months"], 2_592_000),
            (["y", "yr", "yrs", "year", "years"], 31_557_600),
        ]
        var result: [String: Double] = [:]
        for (names, seconds) in units { for name in names { result[name] = seconds } }
        return result
    }()
}
