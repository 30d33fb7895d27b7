/// A request of MLflow's API as it came over HTTP. All of it is data that a job controls.
public struct MLflowRequest: Sendable {
    /// The method, in capitals.
    public var method: String
    /// The path, without the query.
    public var path: String
    /// The query's fields, decoded.
    public var query: [(name: String, value: String)]
    /// The body, within `bodyLimit`.
    public var body: [UInt8]

    /// How many bytes a body has at most, as in MLflow.
    public static let bodyLimit = 1 << 20

    /// A request for a target such as `/api/2.0/mlflow/runs/get?run_id=1`.
    public init(_ method: String, _ target: String, body: [UInt8] = []) {
        self.method = method
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = Self.decoded(parts[0], plusIsSpace: false)
        query = (parts.count > 1 ? parts[1] : "").split(separator: "&").map { field in
            let sides = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                Self.decoded(sides[0], plusIsSpace: true),
                sides.count > 1 ? Self.decoded(sides[1], plusIsSpace: true) : ""
            )
        }
        self.body = body
    }

    private static func decoded(_ text: Substring, plusIsSpace: Bool) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") && plusIsSpace ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The fields of a request: those of its JSON body, or of its query.
///
/// Whole numbers may be texts as well, and numbers may be `NaN` and `Infinity`, as Protocol Buffers and Python write them.
struct MLflowFields {
    private let values: [String: MetricTree.Value]

    /// How deep a body may be nested; MLflow's own need five levels.
    private static let depthLimit = 32

    /// Reads the fields of a request.
    init(_ request: MLflowRequest) throws(MLflowRefusal) {
        if request.method == "GET" || request.body.isEmpty {
            // A field that comes several times is a list.
            values = Dictionary(grouping: request.query, by: \.name).mapValues { entries in
                entries.count == 1 ? .text(entries[0].value) : .list(entries.map { .text($0.value) })
            }
            return
        }
        try Self.checkDepth(request.body)
        guard let text = String(validating: request.body, as: UTF8.self),
            let tree = try? MetricTree(text, .json, path: "body"), case .map(let entries) = tree.root
        else { throw MLflowRefusal(.badRequest, "The body is not an object in JSON.") }
        values = Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }

    private init(_ entries: [(key: String, value: MetricTree.Value)]) {
        values = Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }

    /// Looked at before anything of it is built.
    private static func checkDepth(_ body: [UInt8]) throws(MLflowRefusal) {
        var depth = 0
        var isText = false
        var isEscaped = false
        for byte in body {
            if isEscaped {
                isEscaped = false
            } else if isText {
                if byte == UInt8(ascii: "\\") { isEscaped = true }
                if byte == UInt8(ascii: "\"") { isText = false }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isText = true
                case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
                default: break
                }
            }
            guard depth <= depthLimit else {
                throw MLflowRefusal(.badRequest, "The body is nested more than \(depthLimit) levels deep.")
            }
        }
    }

    /// A field as text; nil where it is not there or empty, as Protocol Buffers take it.
    func text(_ name: String) -> String? {
        switch values[name] {
        case .text(let text): text.isEmpty ? nil : text
        case .number(_, let text): text
        default: nil
        }
    }

    /// A field that has to be there.
    func needed(_ name: String) throws(MLflowRefusal) -> String {
        guard let text = text(name) else { throw Self.missing(name) }
        return text
    }

    /// A whole number; nil where it is not there.
    func integer(_ name: String) throws(MLflowRefusal) -> Int64? {
        switch values[name] {
        case nil, .null: return nil
        case .number(let number, let text):
            // Texts are exact; a number is only to where doubles are.
            if let value = Int64(text) ?? Int64(exactly: number) { return value }
        case .text(let text): if let value = Int64(text) { return value }
        default: break
        }
        throw MLflowRefusal(.invalidValue, "\(name) is not a whole number.")
    }

    /// A number, which may be infinite or none at all.
    func number(_ name: String) throws(MLflowRefusal) -> Double {
        switch values[name] {
        case .number(let number, _): return number
        case .text(let text): if let number = OpenMetricsText.number(text[...]) { return number }
        case nil, .null: throw Self.missing(name)
        default: break
        }
        throw MLflowRefusal(.invalidValue, "\(name) is not a number.")
    }

    /// The objects of a list; none where it is not there.
    func objects(_ name: String) -> [MLflowFields] {
        guard case .list(let values) = values[name] else { return [] }
        return values.compactMap { value in
            guard case .map(let entries) = value else { return nil }
            return MLflowFields(entries)
        }
    }

    /// The texts of a list, or a single one.
    func texts(_ name: String) -> [String] {
        switch values[name] {
        case .list(let values):
            values.compactMap { value in
                switch value {
                case .text(let text), .number(_, let text): text
                default: nil
                }
            }
        default: text(name).map { [$0] } ?? []
        }
    }

    private static func missing(_ name: String) -> MLflowRefusal {
        MLflowRefusal(.invalidValue, "Missing value for required parameter '\(name)'.")
    }
}
