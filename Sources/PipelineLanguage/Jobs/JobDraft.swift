import PipelineModel

/// A job as its file describes it, before its rules are asked.
struct JobDraft {
    var job: PlannedJob
    /// Where its name stands.
    var span: SourceSpan
    /// Its rules; nil where it has none.
    var rules: [Rule]?
    /// Which pipelines it is for, by `only`; nil where it does not say.
    var only: RefPolicy?
    /// Which pipelines it is not for, by `except`; nil where it does not say.
    var except: RefPolicy?
    /// The jobs it names in `needs`; nil where it has no such key.
    var needs: [NeedDraft]?
    /// The jobs it names in `dependencies`; nil where it has no such key.
    var dependencies: [(job: String, span: SourceSpan)]?
    /// The job that stops its environment.
    var stopJob: (job: String, span: SourceSpan)?
    /// Which of the file's variables it sees; nil means all.
    var inheritedVariables: Set<String>?
    /// Its own variables, without the file's.
    var ownVariables: [Variable] = []
    /// The parts that `parallel` makes of it; nil where it stays one job.
    var parts: [PartDraft]?
}

/// A part of a job with `parallel`: what its name ends with, and its variables of the matrix.
struct PartDraft {
    var ending: String
    var variables: [Variable]
}

/// A job named in `needs`, and where.
struct NeedDraft {
    var need: PlannedJob.Need
    /// The parts of it that are needed, by their endings; nil means all.
    var parts: [String]?
    var span: SourceSpan
}
