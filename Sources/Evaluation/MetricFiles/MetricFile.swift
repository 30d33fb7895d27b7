import PipelineModel

/// A file of metrics as training code writes them: OpenMetrics or Prometheus text, JSON, YAML, CSV or TSV.
///
/// The kind is told by the file's name, and by its first character where the name says nothing. All of it is data that a
/// job controls.
public enum MetricFile {
    /// How many bytes a file may have.
    public static let sizeLimit = 10 << 20

    /// The metrics of a file, and the curves that a table with a step in each row draws.
    /// - Throws: what is wrong with it.
    public static func read(_ bytes: [UInt8], path: String) throws(UnreadableFile) -> MetricReport {
        let text = try text(of: bytes, path)
        switch kind(of: text, path) {
        case .tree(let syntax): return MetricReport(metrics: try MetricTree(text, syntax, path: path).metrics)
        case .table(let separator): return DelimitedText(text, separator: separator).report
        case .samples: return MetricReport(metrics: try OpenMetricsText.read(text, path: path))
        }
    }

    /// The parameters of a file in JSON or YAML.
    /// - Throws: what is wrong with it.
    public static func parameters(_ bytes: [UInt8], path: String) throws(UnreadableFile) -> [Parameter] {
        let text = try text(of: bytes, path)
        guard case .tree(let syntax) = kind(of: text, path) else {
            throw UnreadableFile(path, "parameters are read from JSON and YAML")
        }
        return try MetricTree(text, syntax, path: path).parameters
    }

    private enum Kind {
        case samples, tree(MetricTree.Syntax), table(Character)
    }

    private static func kind(of text: String, _ path: String) -> Kind {
        switch path.split(separator: "/").last?.split(separator: ".").last.map({ $0.lowercased() }) {
        case "json": .tree(.json)
        case "yaml", "yml", "lock": .tree(.yaml)
        case "csv": .table(",")
        case "tsv": .table("\t")
        default: text.first { !$0.isWhitespace } == "{" ? .tree(.json) : .samples
        }
    }

    static func text(of bytes: [UInt8], _ path: String) throws(UnreadableFile) -> String {
        guard bytes.count <= sizeLimit else { throw UnreadableFile(path, "it is larger than \(sizeLimit >> 20) MiB") }
        guard var text = String(validating: bytes, as: UTF8.self) else { throw UnreadableFile(path, "it is not UTF-8") }
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        return text
    }
}

/// Why a file that a job wrote could not be read.
public struct UnreadableFile: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, relative to the checkout.
    public var path: String
    /// What is wrong with it.
    public var reason: String

    /// Names a file and what is wrong with it.
    public init(_ path: String, _ reason: String) {
        self.path = path
        self.reason = reason
    }

    /// One readable line.
    public var description: String { "\(path.prefix(200)): \(reason)" }
}

/// Metrics by name, in the order in which each name came first; the last value of a name counts.
struct MetricList {
    private(set) var metrics: [Metric] = []
    private var places: [String: Int] = [:]

    mutating func set(_ name: String, _ value: Double) {
        if let place = places[name] {
            metrics[place].value = MetricValue(value)
        } else {
            places[name] = metrics.count
            metrics.append(Metric(name, value))
        }
    }
}
