import FoundationEssentials

import Forges

/// The requests that a forge's API takes, read from a file of operations with JSON Schemas.
///
/// A subset of JSON Schema 2020-12 is understood: what the operations' request bodies are written in.
public struct ForgeAPISchema: Sendable {
    /// One operation of the API.
    public struct Operation: Sendable {
        /// The operation's name in the file.
        public let name: String
        /// The method, in capitals.
        public let method: String
        /// The path with its parameters in braces.
        public let path: String
        /// The status of success.
        public let successStatus: Int
        fileprivate let request: JSONValue?
        fileprivate let query: [String: JSONValue]
        fileprivate let requiredQuery: [String]
    }

    /// All operations in the file.
    public let operations: [Operation]
    private let definitions: [String: JSONValue]

    /// Reads a file of operations.
    /// - Throws: when the file cannot be read or is not JSON.
    public init(contentsOf file: String) throws {
        let document = try JSONValue(parsing: Data(contentsOf: URL(filePath: file)))
        definitions = document["$defs"]?.members ?? [:]
        operations = (document["operations"]?.elements ?? []).map { entry in
            Operation(
                name: entry["operationId"]?.text ?? "", method: entry["method"]?.text ?? "",
                path: entry["path"]?.text ?? "", successStatus: Int(entry["success_status"]?.whole ?? 200),
                request: entry["request"], query: entry["query"]?.members ?? [:],
                requiredQuery: (entry["required_query"]?.elements ?? []).compactMap(\.text))
        }
    }

    /// The operation a request is for; nil when the file does not describe it. A query after the path is ignored.
    public func operation(method: String, path: String) -> Operation? {
        let segments = Self.segments(of: path)
        return operations.filter { $0.method == method && Self.matches(Self.segments(of: $0.path)[...], segments[...]) }
            // Of several that match, the one with the fewest parameters is meant.
            .min { $0.path.count { $0 == "{" } < $1.path.count { $0 == "{" } }
    }

    /// Whether the file describes the operation a request is for.
    public func describes(method: String, path: String) -> Bool { operation(method: method, path: path) != nil }

    /// What is wrong with a request: the operation, its query, its body. Empty when it conforms.
    public func violations(method: String, path: String, body: JSONValue?) -> [String] {
        guard let operation = operation(method: method, path: path) else {
            return ["\(method) \(path) is not an operation of this API"]
        }
        var found = queryViolations(of: path, for: operation)
        if let schema = operation.request {
            let resolved = resolve(schema)
            found += violations(of: body ?? .null, against: resolved, at: "body")
            if let allowed = resolved["properties"]?.members, resolved["additionalProperties"] == nil {
                for name in (body?.members ?? [:]).keys.sorted() where allowed[name] == nil {
                    found.append("body.\(name) is not a field of \(operation.name)")
                }
            }
        }
        return found
    }

    private func queryViolations(of path: String, for operation: Operation) -> [String] {
        var found: [String] = []
        var names: Set<String> = []
        let query = path.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            names.insert(parts[0])
            guard let schema = operation.query[parts[0]] else {
                found.append("query \(parts[0]) is not a parameter of \(operation.name)")
                continue
            }
            let text = parts.count > 1 ? parts[1] : ""
            let value =
                switch schema["type"]?.text {
                case "integer": Int64(text).map(JSONValue.integer) ?? .string(text)
                case "boolean": text == "true" ? JSONValue.bool(true) : text == "false" ? .bool(false) : .string(text)
                default: JSONValue.string(text)
                }
            found += violations(of: value, against: schema, at: "query \(parts[0])")
        }
        for name in operation.requiredQuery where !names.contains(name) { found.append("query \(name) is missing") }
        return found
    }

    // MARK: Paths

    private static func segments(of path: String) -> [Substring] {
        path.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: true)
    }

    private static func matches(_ template: ArraySlice<Substring>, _ path: ArraySlice<Substring>) -> Bool {
        guard let first = template.first else { return path.isEmpty }
        guard let segment = path.first else { return false }
        let rest = template.dropFirst()
        if let brace = first.firstIndex(of: "{"), segment.hasPrefix(first[..<brace]) {
            if matches(rest, path.dropFirst()) { return true }
            // A ref or a file's path may span segments.
            return ["{ref}", "{path}", "{branch}", "{basehead}"].contains(first)
                && matches(template, path.dropFirst())
        }
        return first == segment && matches(rest, path.dropFirst())
    }

    // MARK: Schemas

    private func resolve(_ schema: JSONValue) -> JSONValue {
        var schema = schema
        var steps = 0
        while let reference = schema["$ref"]?.text, reference.hasPrefix("#/$defs/"), steps < 16 {
            guard let target = definitions[String(reference.dropFirst("#/$defs/".count))] else { break }
            schema = target
            steps += 1
        }
        return schema
    }

    /// What is wrong with a value, by the schema. `place` names it in the messages.
    public func violations(of value: JSONValue, against schema: JSONValue, at place: String) -> [String] {
        let schema = resolve(schema)
        var found: [String] = []
        if let wanted = schema["type"] {
            let names = wanted.elements?.compactMap(\.text) ?? [wanted.text ?? ""]
            guard names.contains(where: { Self.isValue(value, ofType: $0) }) else {
                return ["\(place) is not of type \(names.joined(separator: " or "))"]
            }
        }
        if let allowed = schema["enum"]?.elements, !allowed.contains(value) {
            found.append("\(place) is none of the allowed values")
        }
        if let constant = schema["const"], constant != value { found.append("\(place) is not the one allowed value") }
        if let choices = (schema["anyOf"] ?? schema["oneOf"])?.elements {
            let results = choices.map { violations(of: value, against: $0, at: place) }
            if !results.contains(where: \.isEmpty) { found += results.min { $0.count < $1.count } ?? [] }
        }
        for part in schema["allOf"]?.elements ?? [] { found += violations(of: value, against: part, at: place) }
        switch value {
        case .string(let text):
            if let limit = schema["maxLength"]?.whole, text.unicodeScalars.count > limit {
                found.append("\(place) is longer than \(limit) characters")
            }
            if let limit = schema["minLength"]?.whole, text.unicodeScalars.count < limit {
                found.append("\(place) is shorter than \(limit) characters")
            }
            if let pattern = schema["pattern"]?.text, let expression = try? Regex(pattern),
                text.firstMatch(of: expression) == nil
            {
                found.append("\(place) does not match \(pattern)")
            }
        case .integer(let number):
            if let limit = schema["maximum"]?.whole, number > limit { found.append("\(place) is more than \(limit)") }
            if let limit = schema["minimum"]?.whole, number < limit { found.append("\(place) is less than \(limit)") }
        case .array(let elements):
            if let limit = schema["maxItems"]?.whole, elements.count > limit {
                found.append("\(place) has more than \(limit) elements")
            }
            if let schema = schema["items"] {
                for (index, element) in elements.enumerated() {
                    found += violations(of: element, against: schema, at: "\(place)[\(index)]")
                }
            }
        case .object(let members):
            for name in (schema["required"]?.elements ?? []).compactMap(\.text) where members[name] == nil {
                found.append("\(place).\(name) is missing")
            }
            let properties = schema["properties"]?.members ?? [:]
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                if let schema = properties[name] {
                    found += violations(of: member, against: schema, at: "\(place).\(name)")
                } else if schema["additionalProperties"] == .bool(false) {
                    found.append("\(place).\(name) is not allowed")
                }
            }
        default: break
        }
        return found
    }

    private static func isValue(_ value: JSONValue, ofType name: String) -> Bool {
        switch (name, value) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array), ("object", .object),
            ("integer", .integer), ("number", .integer), ("number", .number):
            true
        default: false
        }
    }
}
