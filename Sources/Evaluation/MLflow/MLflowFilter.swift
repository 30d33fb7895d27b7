/// Which runs, experiments or models a search asks for: comparisons joined by `AND`, such as
/// ``metrics.f1 > 0.8 AND tags.`mlflow.parentRunId` = 'a'``. What MLflow has beyond that is refused.
struct MLflowFilter {
    /// What is compared.
    enum Field: Hashable {
        case attribute(String), metric(String), parameter(String), tag(String)
    }

    enum Value: Hashable {
        case text(String), number(Double)
    }

    private struct Condition {
        var field: Field
        var comparison: String
        var value: Value
    }

    private var conditions: [Condition] = []

    private static let conditionLimit = 50
    private static let lengthLimit = 10_000

    init(_ text: String?) throws(MLflowRefusal) {
        guard let text else { return }
        guard text.utf8.count <= Self.lengthLimit else { throw MLflowRefusal(.invalidValue, "The filter is too long.") }
        var words = Words(text)
        while let key = words.next() {
            guard conditions.count < Self.conditionLimit, let field = Field(key.text), let comparison = words.next(),
                ["=", "!=", ">", ">=", "<", "<="].contains(comparison.text), let value = words.next()
            else { throw Self.unreadable(text) }
            let number = value.isQuoted ? nil : Double(value.text)
            guard value.isQuoted || number != nil else { throw Self.unreadable(text) }
            conditions.append(
                Condition(
                    field: field, comparison: comparison.text, value: number.map { .number($0) } ?? .text(value.text)))
            if let joint = words.next(), joint.text.uppercased() != "AND" { throw Self.unreadable(text) }
        }
    }

    private static func unreadable(_ text: String) -> MLflowRefusal {
        MLflowRefusal(
            .invalidValue,
            "The filter \(MLflowRefusal.shown(text)) is not one that is answered here. Write comparisons of attributes, "
                + "metrics, params and tags with = != > >= < <=, joined by AND.")
    }

    /// Whether all comparisons hold; one with what is not there does not.
    func holds(_ value: (Field) -> Value?) -> Bool {
        conditions.allSatisfy { condition in
            switch (value(condition.field), condition.value) {
            case (.text(let left), .text(let right)): Self.holds(left, condition.comparison, right)
            case (.number(let left), .number(let right)): Self.holds(left, condition.comparison, right)
            default: false
            }
        }
    }

    private static func holds<Side: Comparable>(_ left: Side, _ comparison: String, _ right: Side) -> Bool {
        switch comparison {
        case "=": left == right
        case "!=": left != right
        case ">": left > right
        case ">=": left >= right
        case "<": left < right
        default: left <= right
        }
    }

    /// The words of a filter: names, comparisons, numbers and texts in quotes.
    private struct Words {
        struct Word {
            var text: String
            var isQuoted = false
        }

        private var rest: Substring

        init(_ text: String) { rest = text[...] }

        mutating func next() -> Word? {
            rest = rest.drop { $0.isWhitespace }
            guard let first = rest.first else { return nil }
            if first == "'" || first == "\"" {
                rest.removeFirst()
                let text = rest.prefix { $0 != first }
                rest = rest.dropFirst(text.count + 1)
                return Word(text: String(text), isQuoted: true)
            }
            if "=!<>".contains(first) {
                let text = rest.prefix { "=!<>".contains($0) }
                rest = rest.dropFirst(text.count)
                return Word(text: String(text))
            }
            var text = ""
            var quote: Character?
            while let character = rest.first {
                if quote == nil, character.isWhitespace || "=!<>".contains(character) { break }
                rest.removeFirst()
                if character == quote {
                    quote = nil
                } else if quote == nil, "`\"".contains(character) {
                    quote = character
                } else {
                    text.append(character)
                }
            }
            return Word(text: text)
        }
    }
}

extension MLflowFilter.Field {
    /// Reads `metrics.f1`; a name alone is an attribute's.
    init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1)
        guard let first = parts.first else { return nil }
        guard parts.count == 2 else {
            self = .attribute(text)
            return
        }
        let name = String(parts[1])
        switch first.lowercased() {
        case "attributes", "attribute", "attr", "run": self = .attribute(name)
        case "metrics", "metric": self = .metric(name)
        case "params", "parameters", "param", "parameter": self = .parameter(name)
        case "tags", "tag": self = .tag(name)
        default: return nil
        }
    }
}

/// In which order runs are given: the newest first where nothing else is asked for.
struct MLflowOrder {
    private var keys: [(field: MLflowFilter.Field, isDescending: Bool)] = []

    init(_ texts: [String]) throws(MLflowRefusal) {
        for text in texts.prefix(10) {
            let words = text.filter { $0 != "`" && $0 != "\"" }.split(separator: " ")
            guard let name = words.first, let field = MLflowFilter.Field(String(name)) else {
                throw MLflowRefusal(.invalidValue, "order_by \(MLflowRefusal.shown(text)) cannot be read.")
            }
            keys.append((field, words.dropFirst().first?.uppercased() == "DESC"))
        }
        keys.append((.attribute("start_time"), true))
    }

    /// The runs in this order; those that lack a value come last.
    func sorted(_ runs: [MLflowRun]) -> [MLflowRun] {
        runs.enumerated().sorted { left, right in
            for (field, isDescending) in keys {
                switch (left.element.value(of: field), right.element.value(of: field)) {
                case (nil, nil): continue
                case (nil, _): return false
                case (_, nil): return true
                case (.number(let one), .number(let other)):
                    if one == other || one.isNaN || other.isNaN { continue }
                    return (one < other) != isDescending
                case (.text(let one), .text(let other)):
                    if one == other { continue }
                    return (one < other) != isDescending
                default: continue
                }
            }
            return left.offset > right.offset
        }.map(\.element)
    }
}

extension MLflowRun {
    /// What a search compares.
    func value(of field: MLflowFilter.Field) -> MLflowFilter.Value? {
        switch field {
        case .metric(let name): series[name]?.last.map { .number($0.value.number) }
        case .parameter(let name): parameters[name].map { .text($0) }
        case .tag(let name): tags[name].map { .text($0) }
        case .attribute("run_id"): .text(id)
        case .attribute("run_name"), .attribute("Run name"): .text(name)
        case .attribute("status"): .text(status.rawValue)
        case .attribute("start_time"), .attribute("Created"), .attribute("created"): .number(Double(start))
        case .attribute("end_time"): end.map { .number(Double($0)) }
        case .attribute: nil
        }
    }
}

extension MLflowExperiment {
    /// What a search compares.
    func value(of field: MLflowFilter.Field) -> MLflowFilter.Value? {
        switch field {
        case .attribute("name"): .text(name)
        case .attribute("experiment_id"): .text(id)
        case .attribute("creation_time"), .attribute("last_update_time"): .number(Double(time))
        default: nil
        }
    }
}

extension MLflowModel {
    /// What a search compares.
    func value(of field: MLflowFilter.Field) -> MLflowFilter.Value? {
        switch field {
        case .parameter(let name): parameters.last { $0.name == name }.map { .text($0.value) }
        case .tag(let name): tags.last { $0.name == name }.map { .text($0.value) }
        case .attribute("model_id"): .text(id)
        case .attribute("name"): .text(name)
        case .attribute("source_run_id"): .text(run)
        case .attribute("model_type"): .text(type)
        case .attribute("status"): .text(status)
        case .attribute("creation_timestamp"): .number(Double(time))
        case .attribute, .metric: nil
        }
    }
}
