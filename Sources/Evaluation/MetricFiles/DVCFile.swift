import PipelineModel

/// What a `dvc.yaml` says of metrics, plots and parameters: the files to read, in `metrics:` and `params:` of the file and
/// of its stages. Templates (`${…}`) are not expanded: a path with one is left out.
public struct DVCFile: Hashable, Sendable {
    /// Paths of metric files, relative to the checkout.
    public private(set) var metrics: [String] = []
    /// Paths of parameter files, relative to the checkout.
    public private(set) var parameters: [String] = []

    /// Whether a path is that of such a file.
    public static func isOne(_ path: String) -> Bool { path.split(separator: "/").last == "dvc.yaml" }

    /// Reads one.
    /// - Throws: what is wrong with it.
    public init(_ bytes: [UInt8], path: String) throws(UnreadableFile) {
        let tree = try MetricTree(MetricFile.text(of: bytes, path), .yaml, path: path)
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        read(tree.root, in: folder)
        guard case .map(let stages)? = tree.value(at: ["stages"]) else { return }
        for stage in stages { read(stage.value, in: folder) }
    }

    private mutating func read(_ value: MetricTree.Value, in folder: String) {
        guard case .map(let entries) = value else { return }
        var folder = folder
        if case .text(let below)? = entries.last(where: { $0.key == "wdir" })?.value {
            folder = Self.join(folder, below)
        }
        for (key, value) in entries {
            guard case .list(let items) = value else { continue }
            switch key {
            case "metrics": add(items, in: folder, to: \.metrics, isName: { _ in true })
            // `train.lr` is a name in params.yaml, `other.json: [epochs]` a file.
            case "params":
                parameters.appendNew(Self.join(folder, "params.yaml"))
                add(items, in: folder, to: \.parameters, isName: { _ in false })
            default: break
            }
        }
    }

    private mutating func add(
        _ items: [MetricTree.Value], in folder: String, to list: WritableKeyPath<Self, [String]>,
        isName: (String) -> Bool
    ) {
        for item in items {
            switch item {
            case .text(let path) where isName(path) || path.hasSuffix(".yaml") || path.hasSuffix(".json"):
                self[keyPath: list].appendNew(Self.join(folder, path))
            case .map(let entries):
                for entry in entries { self[keyPath: list].appendNew(Self.join(folder, entry.key)) }
            default: break
            }
        }
    }

    private static func join(_ folder: String, _ path: String) -> String {
        var parts = folder.split(separator: "/").map(String.init)
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }
}

extension [String] {
    /// Adds a path that is not there yet and has no template in it.
    fileprivate mutating func appendNew(_ path: String) {
        guard !path.isEmpty, !path.contains("${"), !contains(path), count < 100 else { return }
        append(path)
    }
}
