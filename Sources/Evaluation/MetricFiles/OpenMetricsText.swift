import PipelineModel

/// OpenMetrics 1.0 and Prometheus 0.0.4 text: a sample in each line, as GitLab's metrics reports have them.
///
/// A sample with labels is a metric of its own, called `name{label=value,…}`, the labels as they are written and without
/// their quotes, which is what GitLab calls it. Timestamps and exemplars are read over.
enum OpenMetricsText {
    static func read(_ text: String, path: String) throws(UnreadableFile) -> [Metric] {
        var list = MetricList()
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let line = line.last == "\r" ? line.dropLast() : line
            var scanner = Scanner(rest: line[...])
            scanner.skipBlanks()
            if scanner.rest.isEmpty || scanner.rest.first == "#" { continue }
            guard let (name, value) = scanner.sample() else {
                throw UnreadableFile(path, "line \(number) is not a sample: write  name value")
            }
            list.set(name, value)
        }
        return list.metrics
    }

    private struct Scanner {
        var rest: Substring

        mutating func skipBlanks() { rest = rest.drop { $0 == " " || $0 == "\t" } }

        mutating func sample() -> (String, Double)? {
            var name = String(word { $0 == "{" || $0 == " " || $0 == "\t" })
            guard !name.isEmpty else { return nil }
            skipBlanks()
            if rest.first == "{" {
                guard let labels = labels() else { return nil }
                if !labels.isEmpty { name += "{" + labels.joined(separator: ",") + "}" }
                skipBlanks()
            }
            return OpenMetricsText.number(word { $0 == " " || $0 == "\t" || $0 == "#" }).map { (name, $0) }
        }

        private mutating func word(until ends: (Character) -> Bool) -> Substring {
            let word = rest.prefix { !ends($0) }
            rest = rest[word.endIndex...]
            return word
        }

        /// `{a="b",c="d"}` as `["a=b", "c=d"]`.
        private mutating func labels() -> [String]? {
            rest.removeFirst()
            var labels: [String] = []
            while true {
                skipBlanks()
                if rest.first == "}" { break }
                let name = word { $0 == "=" || $0 == "}" }
                guard rest.popFirst() == "=" else { return nil }
                skipBlanks()
                guard rest.popFirst() == "\"", let value = quoted() else { return nil }
                labels.append(name.trimmed + "=" + value)
                skipBlanks()
                if rest.first == "," { rest.removeFirst() } else { break }
            }
            return rest.popFirst() == "}" ? labels : nil
        }

        private mutating func quoted() -> String? {
            var value = ""
            while let character = rest.popFirst() {
                switch character {
                case "\"": return value
                case "\\":
                    guard let escaped = rest.popFirst() else { return nil }
                    value.append(escaped == "n" ? "\n" : escaped)
                default: value.append(character)
                }
            }
            return nil
        }
    }

    /// A number as it stands in metric files and as Python prints it.
    static func number(_ text: Substring) -> Double? {
        switch text.lowercased() {
        case "nan", "+nan", "-nan": return .nan
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default:
            // Swift reads hexadecimal numbers as well, and what is too large as infinite.
            guard text.utf8.allSatisfy({ (48...57).contains($0) || [43, 45, 46, 69, 101].contains($0) }),
                let number = Double(text), number.isFinite
            else { return nil }
            return number
        }
    }
}

extension Substring {
    /// Without blanks at its ends.
    var trimmed: String {
        var text = drop { $0.isWhitespace }
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return String(text)
    }
}
