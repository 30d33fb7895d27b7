import PipelineModel

/// Text → plan: what a pipeline file means for one event.
///
/// Pure. It reads no files: it names those it needs, and the caller, which has git, plans again with them. Every mistake
/// of every file is found in one go. Whatever the text, an answer comes within the limits; nothing in it can trap.
/// A planner keeps nothing between calls and may be used from any number of tasks at once.
public struct Planner: Sendable {
    /// What one planning may use.
    public let limits: PlanningLimits

    /// Makes a planner.
    public init(limits: PlanningLimits = PlanningLimits()) { self.limits = limits }

    /// Plans the pipeline of `file`, one of `PipelineFile.candidates`.
    ///
    /// `files` has the file itself and whatever an earlier step asked for, each under its path in the repository; a path
    /// that was looked up in vain is `missing`. At most `limits.includes` rounds are needed.
    public func plan(file: String, files: [String: SourceFile], context: PlanningContext) -> PlanningStep {
        switch files[file] {
        case nil: return .needsFiles([file])
        case .missing?:
            return .refused([Diagnostic(.error, "There is no \(file) at this commit, so there is nothing to plan.")])
        case .text?: break
        }
        let findings = Findings(limit: limits.diagnostics)
        let session = PlanningSession(limits: limits, context: context, findings: findings)
        var includes = IncludeResolver(session: session, files: files)
        guard let merged = includes.load(root: file) else { return .refused(findings.diagnostics) }
        if !includes.neededFiles.isEmpty { return .needsFiles(includes.neededFiles) }
        // A file that is missing or unreadable would be blamed a second time for every name it does not define.
        if findings.hasErrors { return .refused(findings.diagnostics) }

        var parents = ExtendsResolver(session: session, root: merged)
        let root = parents.resolveAll()
        let reader = PipelineReader(session: session, root: root, gitLabFiles: includes.gitLabFiles)
        let draft = reader.read()
        DraftGraph(session: session, draft: draft).check()
        if findings.hasErrors { return .refused(findings.diagnostics) }
        return PlanBuilder(session: session, draft: draft).build()
    }
}
