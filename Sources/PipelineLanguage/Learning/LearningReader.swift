import PipelineModel

/// Reads `ml:`, Pawl's own key of a job.
struct LearningReader {
    let values: ValueReader

    private static let keys = [
        "gpus", "gpu_memory", "seeds", "inputs", "secrets", "checkpoint", "checkpoint_every", "curves", "examples",
        "params",
        "gate", "judge",
        "cpus", "memory", "shm_size", "data",
    ]

    /// What the key says.
    func read(_ node: Node) -> MLSettings? {
        if node.isNull { return nil }
        guard let mapping = values.mapping(node, "ml", keys: Self.keys) else { return nil }
        var settings = MLSettings()
        let given = Set(mapping.entries.filter { !$0.value.isNull }.map(\.key))
        for entry in mapping.entries where !entry.value.isNull { read(entry, into: &settings, given: given) }
        if settings.gpuMemory != nil, settings.gpus ?? 0 == 0, let entry = mapping.entry("gpu_memory") {
            values.error("ml: gpu_memory asks for nothing without gpus. Write gpus: 1 beside it.", at: entry.keySpan)
        }
        return settings
    }

    private func read(_ entry: Mapping.Entry, into settings: inout MLSettings, given: Set<String>) {
        let node = entry.value
        let key = "ml: \(entry.key)"
        switch entry.key {
        case "gpus": settings.gpus = values.integer(node, key, in: 0...1_024)
        case "gpu_memory": settings.gpuMemory = byteCount(node, key)
        case "data": settings.data = dataNames(node, key)
        case "seeds":
            settings.seeds = values.integer(node, key, in: 1...SeedExpansion.limit)
        case "inputs":
            settings.inputs = paths(node, key)
        case "secrets":
            settings.secrets = texts(node, key)
            if !given.contains("inputs") {
                values.warning(
                    "\(key) means nothing without inputs: such a job gets every secret of its ref.", at: entry.keySpan)
            }
        case "checkpoint":
            settings.checkpoint = path(node, key)
        case "checkpoint_every":
            settings.checkpointEvery = interval(node, key)
            if !given.contains("checkpoint") {
                values.warning("\(key) means nothing without checkpoint, a path such as ckpt/.", at: entry.keySpan)
            }
        case "curves": settings.curves = texts(node, key)
        case "examples": settings.examples = texts(node, key)
        case "params": settings.params = texts(node, key)
        case "gate": settings.gate = GateReader(values: values).read(node)
        case "judge": settings.judge = JudgeReader(values: values).read(node)
        case "cpus": settings.cpus = cpus(node, key)
        case "memory": settings.memory = byteCount(node, key)
        case "shm_size": settings.shmSize = byteCount(node, key)
        default: break
        }
    }

    private func texts(_ node: Node, _ key: String) -> [String] {
        values.texts(node, key, allowsSingle: true)?.map(\.text) ?? []
    }

    /// Paths and globs below the checkout, which may hold variables.
    private func paths(_ node: Node, _ key: String) -> [String] {
        let texts = values.texts(node, key, allowsSingle: true) ?? []
        if texts.isEmpty {
            values.error("\(key) names nothing. Name what the job reads, such as [src/, data.dvc].", at: node.span)
        }
        return texts.compactMap { text, span in
            guard !text.isEmpty, !text.hasPrefix("/"), !text.split(separator: "/").contains("..") else {
                values.error("\(key) must be paths within the repository, such as src/ or data/*.csv.", at: span)
                return nil
            }
            return text
        }
    }

    /// A path below the checkout, which may hold variables.
    private func path(_ node: Node, _ key: String) -> String? {
        guard let text = values.nonEmptyText(node, key) else { return nil }
        let parts = text.split(separator: "/")
        guard !text.hasPrefix("/"), !parts.contains(".."), parts.contains(where: { $0 != "." }) else {
            values.error("\(key) must be a path within the checkout, such as ckpt/.", at: node.span)
            return nil
        }
        return text
    }

    private func interval(_ node: Node, _ key: String) -> Duration? {
        guard let interval = values.duration(node, key) else { return nil }
        guard interval >= .seconds(10), interval <= .days(7) else {
            values.error("\(key) must be from 10 seconds to a week, such as 10m.", at: node.span)
            return nil
        }
        return interval
    }

    /// Names of data folders: each is a part of a path in the job's container.
    private func dataNames(_ node: Node, _ key: String) -> [String] {
        guard let texts = values.texts(node, key, allowsSingle: true) else { return [] }
        if texts.count > 50 { values.error("\(key): \(texts.count) are given, and 50 are allowed.", at: node.span) }
        for (text, span) in texts where !DataName.isValid(text) {
            values.error(
                "\(key) \"\(text.prefix(80))\" is not a name. \(DataName.rule) A runner's administrator gives them.",
                at: span)
        }
        return texts.map(\.text)
    }

    private func cpus(_ node: Node, _ key: String) -> Double? {
        guard let number = GateReader.number(node), number > 0, number <= 4_096 else {
            values.error("\(key) must be a number above 0, such as 0.5 or 4.", at: node.span)
            return nil
        }
        return number
    }

    private func byteCount(_ node: Node, _ key: String) -> ByteCount? {
        guard let text = node.scalar?.text, text.last?.isLetter ?? false, let count = ByteCount(parsing: text),
            count.bytes > 0
        else {
            values.error("\(key) must be an amount with a unit, such as 512MiB or 40GiB.", at: node.span)
            return nil
        }
        return count
    }
}
