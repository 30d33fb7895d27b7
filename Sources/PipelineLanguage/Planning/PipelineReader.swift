import PipelineModel

/// A pipeline as its files describe it, before any rule is asked.
struct PipelineDraft {
    var stages: [String]
    var variables: [Variable]
    var workflow: Workflow
    var jobs: [JobDraft]
}

/// Reads what stands at the top of the merged files, and every job that is not hidden.
struct PipelineReader {
    private let session: PlanningSession
    private let root: Mapping
    private let gitLabFiles: Set<String>

    init(session: PlanningSession, root: Mapping, gitLabFiles: Set<String>) {
        self.session = session
        self.root = root
        self.gitLabFiles = gitLabFiles
    }

    func read() -> PipelineDraft {
        let top = ValueReader(session: session, job: nil)
        let settings = resolvedSettings()
        let stages = stages(settings["stages"], top)
        if let entry = settings.entry("types") {
            top.error("types is not supported. Use stages.", at: entry.keySpan)
        }
        let defaults = Defaults(root: settings, values: top)
        let variables = settings["variables"].map { VariableReader(values: top, scope: .file).read($0) } ?? []
        let workflow = WorkflowReader(values: top).read(settings["workflow"])
        let jobs = jobs(defaults: defaults, stages: stages)
        if jobs.isEmpty && !session.findings.hasErrors {
            top.error(
                "There is no job: only settings and hidden jobs, whose names begin with a dot.",
                at: root.entries.first?.keySpan)
        }
        return PipelineDraft(stages: stages, variables: variables, workflow: workflow, jobs: jobs)
    }

    private func resolvedSettings() -> Mapping {
        var settings = Mapping()
        for var entry in root.entries where Keywords.root.contains(entry.key) {
            var resolver = ReferenceResolver(session: session, root: root, job: nil)
            entry.value = resolver.resolve(entry.value)
            settings.set(entry)
        }
        return settings
    }

    private func stages(_ node: Node?, _ values: ValueReader) -> [String] {
        var named = ["build", "test", "deploy"]
        if let node, !node.isNull { named = values.texts(node, "stages")?.map(\.text) ?? named }
        var seen: Set<String> = [".pre", ".post"]
        return [".pre"] + named.filter { seen.insert($0).inserted } + [".post"]
    }

    private func jobs(defaults: Defaults, stages: [String]) -> [JobDraft] {
        let entries = root.entries.filter { !Keywords.root.contains($0.key) && !$0.key.hasPrefix(".") }
        guard entries.count <= session.limits.jobs else {
            let text = "There are \(entries.count) jobs, and \(session.limits.jobs) are allowed."
            session.findings.error(text, at: entries.last?.keySpan)
            return []
        }
        let drafts: [JobDraft] = entries.compactMap { entry in
            var entry = entry
            var resolver = ReferenceResolver(session: session, root: root, job: entry.key)
            entry.value = resolver.resolve(entry.value)
            let reader = JobReader(
                values: ValueReader(session: session, job: entry.key), name: entry.key, entry: entry,
                defaults: defaults, stages: stages, gitLabFiles: gitLabFiles)
            return reader.read()
        }
        return ParallelExpansion(session: session, drafts: drafts).expanded()
    }
}
