import Evaluation
import PipelineModel
import Store

/// What the report on a pipeline tells: the same facts as the comment on its pull request.
public struct ReportView: Codable, Hashable, Sendable {
    /// The pipeline.
    public var pipeline: PipelineID
    /// The commit.
    public var commit: String
    /// The first line, with its sign.
    public var headline: String
    /// What its gates have answered.
    public var verdicts: [JudgedNode]
    /// Who let it pass although a gate says no; nil where nobody did.
    public var override: GateOverride?
    /// What people asked for in comments, and what came of it, the newest last.
    public var answers: [CommentAnswer]
    /// How the change's own rules differ from those that were used.
    public var ruleChanges: [String]
    /// Parameters that are others than the baseline's.
    public var parameters: [PullRequestReport.ParameterChange]
    /// Files that are others than the baseline's.
    public var files: [FileChange]
    /// What else differs, and what is the same, in words.
    public var differences: [String], same: [String]
    /// Each curve's shape and end in a line, beside the baseline's.
    public var curves: [String]
    /// The nodes of the pipeline.
    public var jobs: [PullRequestReport.Job]
    /// What the tests of all nodes came to together; nil where there is no report of any.
    public var tests: TestReport?
    /// How much of the code they reach, of each node that says it.
    public var coverage: [CoverageFigure]
    /// What was used, in words.
    public var spent: String
    /// The same in numbers; nil while no attempt has ended.
    public var usage: AttemptUsage?
    /// The comment as a forge gets it.
    public var markdown: String

    /// Shows a report.
    init(_ report: PullRequestReport, on detail: PipelineDetail, usage: AttemptUsage?) {
        pipeline = report.pipeline
        commit = report.commit
        headline = report.headline
        verdicts = detail.verdicts
        override = detail.override
        answers = detail.answers
        ruleChanges = report.ruleChanges
        parameters = report.parameters
        files = report.files
        differences = report.differences
        same = report.same
        curves = report.curveLines
        jobs = report.jobs
        tests = report.tests
        coverage = report.coverage
        spent = report.spent
        self.usage = usage
        markdown = report.markdown(mark: "pawl:report")
    }
}

/// The public key with which evidence is checked.
public struct EvidenceKeyView: Codable, Hashable, Sendable {
    /// The key as PEM.
    public var pem: String
}
