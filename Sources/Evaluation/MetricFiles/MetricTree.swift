import Foundation
import PipelineModel
import Yams

/// JSON or YAML, nested as it may be: each number below it is a metric called by the names on the way to it, joined by
/// dots, as DVC calls it. A list of one stands for what is in it.
///
/// JSON may have `NaN` and `Infinity`, as Python writes them.
struct MetricTree {
    enum Syntax {
        case json, yaml
    }

    /// One value and the names on the way to it.
    struct Leaf {
        var name: String
        var value: Value
    }

    indirect enum Value {
        case null
        case boolean(Bool)
        case number(Double, text: String)
        case text(String)
        case list([Value])
        case map([(key: String, value: Value)])
    }

    let root: Value
    private let path: String

    /// How many values a file may have.
    private static let leafLimit = 1_000_000
    /// How deep a file may be nested.
    private static let depthLimit = 64
    /// How many bytes of YAML are read.
    private static let yamlLimit = 1 << 20

    init(_ text: String, _ syntax: Syntax, path: String) throws(UnreadableFile) {
        self.path = path
        switch syntax {
        case .json: root = try Self.json(text, path)
        case .yaml: root = try Self.yaml(text, path)
        }
    }

    /// The numbers.
    var metrics: [Metric] {
        get throws(UnreadableFile) {
            guard case .map = root else {
                throw UnreadableFile(path, "it must be a map of names to numbers")
            }
            var list = MetricList()
            for leaf in try leaves() {
                switch leaf.value {
                case .number(let number, _): list.set(leaf.name, number)
                case .text(let text):
                    // How JSON has what is no finite number.
                    if let number = OpenMetricsText.number(text[...]), !number.isFinite { list.set(leaf.name, number) }
                default: break
                }
            }
            return list.metrics
        }
    }

    /// Everything but what is empty, as text.
    var parameters: [Parameter] {
        get throws(UnreadableFile) {
            guard case .map = root else { throw UnreadableFile(path, "it must be a map of names to values") }
            return try leaves().compactMap { leaf in
                switch leaf.value {
                case .number(_, let text), .text(let text): Parameter(leaf.name, text)
                case .boolean(let value): Parameter(leaf.name, value ? "true" : "false")
                case .null: Parameter(leaf.name, "null")
                case .list, .map: nil
                }
            }
        }
    }

    /// The value at the end of names; nil where there is none.
    func value(at names: [String]) -> Value? {
        names.reduce(Optional(root)) { value, name in
            guard case .map(let entries)? = value else { return nil }
            return entries.last { $0.key == name }?.value
        }
    }

    private func leaves() throws(UnreadableFile) -> [Leaf] {
        var leaves: [Leaf] = []
        var waiting = [(name: "", value: root, depth: 0)]
        while let (name, value, depth) = waiting.popLast() {
            guard depth <= Self.depthLimit else {
                throw UnreadableFile(path, "it is nested more than \(Self.depthLimit) levels deep")
            }
            func below(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }
            switch value {
            case .map(let entries):
                waiting += entries.reversed().map { (below($0.key), $0.value, depth + 1) }
            case .list(let values) where values.count == 1: waiting.append((name, values[0], depth + 1))
            case .list(let values):
                waiting += values.enumerated().reversed().map { (below("\($0.offset)"), $0.element, depth + 1) }
            case .null, .boolean, .number, .text: leaves.append(Leaf(name: name, value: value))
            }
            guard leaves.count + waiting.count <= Self.leafLimit else {
                throw UnreadableFile(path, "it has more than \(Self.leafLimit) values")
            }
        }
        return leaves
    }

    // MARK: - JSON

    private static func json(_ text: String, _ path: String) throws(UnreadableFile) -> Value {
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        do {
            return try decoder.decode(JSONTree.self, from: Data(text.utf8)).value
        } catch {
            throw UnreadableFile(path, "it is not JSON")
        }
    }

    private struct JSONTree: Decodable {
        let value: Value

        struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            // What is usual comes first: to be wrong costs an error each time.
            let single = try decoder.singleValueContainer()
            if let number = try? single.decode(Double.self) {
                let whole = Int64(exactly: number).flatMap { abs($0) < 1 << 53 ? $0 : nil }
                value = .number(number, text: whole.map { "\($0)" } ?? "\(number)")
            } else if let text = try? single.decode(String.self) {
                value = .text(text)
            } else if let map = try? decoder.container(keyedBy: Key.self) {
                value = .map(
                    try map.allKeys.sorted { $0.stringValue < $1.stringValue }.map {
                        ($0.stringValue, try map.decode(JSONTree.self, forKey: $0).value)
                    })
            } else if var list = try? decoder.unkeyedContainer() {
                var values: [Value] = []
                while !list.isAtEnd { values.append(try list.decode(JSONTree.self).value) }
                value = .list(values)
            } else if let boolean = try? single.decode(Bool.self) {
                value = .boolean(boolean)
            } else {
                value = .null
            }
        }
    }

    // MARK: - YAML

    private static func yaml(_ text: String, _ path: String) throws(UnreadableFile) -> Value {
        guard text.utf8.count <= yamlLimit else { throw UnreadableFile(path, "YAML is read up to 1 MiB") }
        guard !hasAlias(text) else {
            throw UnreadableFile(path, "YAML with aliases (*name) is not read. Write the values out")
        }
        do {
            // libyaml refuses more than 1,000 nested levels by itself.
            guard let node = try Yams.compose(yaml: text) else { return .map([]) }
            return convert(node)
        } catch {
            throw UnreadableFile(path, "it is not YAML")
        }
    }

    /// Whether something in it may be an alias: values that are made of each other without end are not composed.
    private static func hasAlias(_ text: String) -> Bool {
        var before: UInt8 = 10
        var mayBe = false
        for byte in text.utf8 {
            if mayBe, byte > 32 { return true }
            mayBe = byte == UInt8(ascii: "*") && (before <= 32 || [44, 45, 58, 91, 123].contains(before))
            before = byte
        }
        return false
    }

    private static func convert(_ node: Yams.Node) -> Value {
        switch node {
        case .mapping(let mapping):
            return .map(mapping.map { ($0.key.scalar?.string ?? "", convert($0.value)) })
        case .sequence(let sequence): return .list(sequence.map(convert))
        case .scalar(let scalar):
            if scalar.style != .plain { return .text(scalar.string) }
            if node.null != nil { return .null }
            if let boolean = node.bool { return .boolean(boolean) }
            if let number = node.float { return .number(number, text: scalar.string) }
            // YAML 1.1 takes 1e-4 for a text; who writes it means the number.
            if let number = OpenMetricsText.number(scalar.string[...]) { return .number(number, text: scalar.string) }
            return .text(scalar.string)
        case .alias: return .null
        }
    }
}
