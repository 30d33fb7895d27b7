import PipelineModel

/// Reads one job: every key of it, each in its own place.
struct JobReader {
    let values: ValueReader
    let name: String
    let entry: Mapping.Entry
    let defaults: Defaults
    let stages: [String]
    /// Files whose jobs GitLab reads as well, so that `ml:` may not stand there.
    let gitLabFiles: Set<String>

    /// The job; nil where what stands there is none.
    func read() -> JobDraft? {
        guard let own = entry.value.mapping else {
            values.error("A job must be a map with a script, and this is \(entry.value.kindName).", at: entry.keySpan)
            return nil
        }
        checkName()
        checkKeys(of: own)
        let inherit = InheritReader(values: values).read(own["inherit"])
        let keys = defaults.applied(to: own, inheriting: inherit.defaults)

        var job = PlannedJob(name: name, stage: "test", script: [])
        var draft = JobDraft(job: job, span: entry.keySpan)
        draft.inheritedVariables = inherit.variables

        readScripts(keys, own, into: &job)
        job.stage = stage(present(keys["stage"])) ?? job.stage
        if let image = present(keys["image"]) { job.image = ImageReader(values: values).read(image) }
        if let node = present(keys["timeout"]) { job.timeout = timeout(node) }
        if let node = present(keys["interruptible"]) { job.interruptible = values.bool(node, "interruptible") ?? false }
        if let node = present(keys["retry"]) { job.retry = RetryReader(values: values).read(node) ?? job.retry }
        if let node = present(keys["artifacts"]) { job.artifacts = ArtifactsReader(values: values).read(node) }
        if let node = present(keys["coverage"]) { job.coveragePattern = coveragePattern(node) }
        if let node = present(keys["environment"]) {
            let reader = EnvironmentReader(values: values)
            job.environment = reader.read(node)
            draft.stopJob = reader.stopJob(node)
        }
        if let node = present(keys["tags"]) { job.tags = tags(node) }
        if let node = present(keys["resource_group"]) { job.resourceGroup = resourceGroup(node) }
        readStart(keys, into: &job)
        if let node = keys["variables"] { draft.ownVariables = VariableReader(values: values, scope: .job).read(node) }
        if let node = keys["rules"] { draft.rules = RuleReader(values: values, owner: .job).read(node) }
        draft.only = policy("only", of: own)
        draft.except = policy("except", of: own)
        if let node = keys["needs"] { draft.needs = NeedsReader(values: values).read(node, "needs") }
        if let node = present(keys["dependencies"]) {
            draft.dependencies = values.texts(node, "dependencies")?.map { ($0.text, $0.span) }
        }
        if let node = present(keys["parallel"]) { draft.parts = ParallelReader(values: values).read(node) }
        if let learning = own.entry("ml") { job.ml = self.learning(learning) }
        draft.job = job
        return draft
    }

    /// A value that says something; `key:` with nothing after it is as if it were not there.
    private func present(_ node: Node?) -> Node? { node.flatMap { $0.isNull ? nil : $0 } }

    private func checkName() {
        if name.count > 255 {
            values.error("A job's name may have 255 characters, and this one has \(name.count).", at: entry.keySpan)
        }
        if name.isEmpty { values.error("A job's name is empty.", at: entry.keySpan) }
        if Keywords.reservedJobNames.contains(name) {
            values.error("\"\(name)\" cannot be a job's name.", at: entry.keySpan)
        }
        if name.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
            values.error("A job's name may hold no control characters.", at: entry.keySpan)
        }
    }

    private func checkKeys(of mapping: Mapping) {
        for entry in mapping.entries where !Keywords.job.contains(entry.key) {
            if let instead = Keywords.unsupported[entry.key] {
                if Keywords.harmlessWhenEmpty.contains(entry.key) && entry.value.isEmpty { continue }
                values.error("\(entry.key) is not supported yet. \(instead)", at: entry.keySpan)
            } else {
                let hint = values.session.suggestion(
                    for: entry.key, among: Keywords.job + Keywords.unsupported.keys.sorted())
                values.error("\"\(entry.key.prefix(60))\" is not a keyword of a job.\(hint)", at: entry.keySpan)
            }
        }
    }

    private func policy(_ key: String, of own: Mapping) -> RefPolicy? {
        guard let entry = own.entry(key), !entry.value.isEmpty else { return nil }
        if own["rules"].map({ !$0.isNull }) ?? false {
            values.error("\(key) cannot stand beside rules. Put its conditions into them.", at: entry.keySpan)
        }
        return RefPolicyReader(values: values, key: key).read(entry.value)
    }

    private func readScripts(_ keys: Mapping, _ own: Mapping, into job: inout PlannedJob) {
        let reader = ScriptReader(values: values)
        if let node = present(keys["before_script"]) { job.beforeScript = reader.read(node, "before_script") ?? [] }
        if let node = present(keys["after_script"]) { job.afterScript = reader.read(node, "after_script") ?? [] }
        if let node = present(keys["script"]) {
            job.script = reader.read(node, "script") ?? []
            if reader.isEmpty(node) { values.error("script is empty.", at: node.span) }
        } else if own["trigger"] == nil && own["run"] == nil {
            let hint = own.entries.map(\.key).first { Spelling.closest(to: $0, among: ["script"]) != nil }
            let end = hint.map { " Is \"\($0)\" meant to be it?" } ?? ""
            values.error("script is missing: a job needs commands to run.\(end)", at: entry.keySpan)
        }
    }

    private func readStart(_ keys: Mapping, into job: inout PlannedJob) {
        if let node = present(keys["when"]) { job.when = when(node) ?? .onSuccess }
        // A job that a person starts stands in nobody's way unless it says so; rules decide for themselves.
        if job.when == .manual { job.allowFailure = .always }
        job.startIn = values.startIn(
            present(keys["start_in"]), isDelayed: job.when == .delayed, "", at: keys["when"]?.span)
        if let node = present(keys["allow_failure"]) { job.allowFailure = allowFailure(node) ?? job.allowFailure }
    }

    private func when(_ node: Node) -> PlannedJob.When? {
        switch node.string {
        case "never":
            values.error(
                "when: never belongs into rules. A job that never runs can be removed, or hidden with a dot.",
                at: node.span)
            return nil
        default:
            let start: Start? = values.word(node, "when")
            return start.flatMap { PlannedJob.When(rawValue: $0.rawValue) }
        }
    }

    private enum Start: String, CaseIterable {
        case onSuccess = "on_success"
        case onFailure = "on_failure"
        case always, delayed, manual
    }

    private func allowFailure(_ node: Node) -> PlannedJob.AllowedFailure? {
        guard node.mapping != nil else {
            return values.bool(node, "allow_failure").map { $0 ? .always : .never }
        }
        guard let mapping = values.mapping(node, "allow_failure", keys: ["exit_codes"]) else { return nil }
        guard let codes = mapping["exit_codes"] else {
            values.error("allow_failure needs true, false or exit_codes.", at: node.span)
            return nil
        }
        return values.integers(codes, "allow_failure: exit_codes", in: 0...255).map { .exitCodes($0) }
    }

    /// A job that names no stage is in the stage `test`, which has to be there like any other.
    private func stage(_ node: Node?) -> String? {
        let list = stages.joined(separator: ", ").prefix(200)
        guard let node else {
            if stages.contains("test") { return "test" }
            let text = "No stage is named, which means \"test\", and that is not one of the stages."
            values.error("\(text) They are \(list).", at: entry.keySpan)
            return nil
        }
        guard let stage = values.text(node, "stage") else { return nil }
        if stages.contains(stage) { return stage }
        let hint = values.session.suggestion(for: stage, among: stages)
        values.error("stage \"\(stage.prefix(80))\" is not one of the stages.\(hint) They are \(list).", at: node.span)
        return nil
    }

    private func timeout(_ node: Node) -> Duration? {
        guard let timeout = values.duration(node, "timeout") else { return nil }
        if timeout > .days(30) { values.error("timeout may be a month at most.", at: node.span) }
        return timeout
    }

    private func coveragePattern(_ node: Node) -> String? {
        guard !node.isEmpty, let text = values.nonEmptyText(node, "coverage") else { return nil }
        do throws(PatternError) {
            if try Pattern(slashed: text) != nil { return text }
            values.error("coverage must be a pattern between slashes, such as /TOTAL.* (\\d+)%/.", at: node.span)
        } catch {
            values.error("coverage \(text.prefix(80)) is no pattern: \(error.message).", at: node.span)
        }
        return nil
    }

    private func tags(_ node: Node) -> [String] {
        guard let tags = values.texts(node, "tags") else { return [] }
        if tags.count > 50 { values.error("tags: \(tags.count) are given, and 50 are allowed.", at: node.span) }
        return tags.map(\.text)
    }

    private func resourceGroup(_ node: Node) -> String? {
        guard let name = values.nonEmptyText(node, "resource_group") else { return nil }
        if name.count > 255 {
            values.error("resource_group may have 255 characters, and this one has \(name.count).", at: node.span)
        }
        return name
    }

    private func learning(_ entry: Mapping.Entry) -> MLSettings? {
        guard !gitLabFiles.contains(entry.keySpan.source.path) else {
            let text =
                "ml does not belong here: GitLab would refuse the file. Put it into \(PipelineFile.pawl), which may include this one."
            values.error(text, at: entry.keySpan)
            return nil
        }
        return LearningReader(values: values).read(entry.value)
    }
}
