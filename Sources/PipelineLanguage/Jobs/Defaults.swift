import PipelineModel

/// `default:` and the old top-level keys of the same meaning.
struct Defaults {
    private let mapping: Mapping

    /// Collects what stands at the top of a file and checks its keys.
    init(root: Mapping, values: ValueReader) {
        var collected = Mapping()
        if let node = root["default"], !node.isNull {
            if let mapping = node.mapping {
                collected = mapping
            } else {
                values.error("default must be a map, and is \(node.kindName).", at: node.span)
            }
        }
        for key in Keywords.oldDefaults {
            guard let entry = root.entry(key) else { continue }
            if collected[key] != nil {
                values.error(
                    "\(key) stands at the top of the file and in default. Keep the one in default.", at: entry.keySpan)
            }
            collected.set(entry)
        }
        mapping = collected
        checkKeys(values)
    }

    private func checkKeys(_ values: ValueReader) {
        for entry in mapping.entries where !Keywords.defaults.contains(entry.key) {
            if let instead = Keywords.unsupported[entry.key] {
                if Keywords.harmlessWhenEmpty.contains(entry.key) && entry.value.isEmpty { continue }
                values.error("default: \(entry.key) is not supported yet. \(instead)", at: entry.keySpan)
            } else {
                let hint = values.session.suggestion(for: entry.key, among: Keywords.defaults)
                let known = Keywords.defaults.joined(separator: ", ")
                let name = entry.key.prefix(60)
                values.error(
                    "default: \"\(name)\" is not one of its keys.\(hint) They are \(known).", at: entry.keySpan)
            }
        }
    }

    /// A job's keys with the defaults for those it does not have; a key is taken whole, nothing is merged.
    func applied(to job: Mapping, inheriting inherited: Set<String>?) -> Mapping {
        var result = job
        for entry in mapping.entries where Keywords.defaults.contains(entry.key) {
            guard inherited?.contains(entry.key) ?? true, job[entry.key].map(\.isNull) ?? true else { continue }
            result.set(entry)
        }
        return result
    }
}
