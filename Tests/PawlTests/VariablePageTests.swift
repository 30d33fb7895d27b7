import Foundation
import PipelineLanguage
import PipelineModel
import Testing

@Suite struct VariablePageTests {
    @Test("docs/variables.md has every variable that is set, and sets none that is not")
    func reference() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("docs/variables.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let cells = rows.map { $0.split(separator: "|")[0] }
        let told = Set(
            cells.flatMap { $0.split(separator: "`") }.map(String.init).filter { $0.first?.isLetter ?? false })
        var set = Set(attempt().map(\.name))
        for kind in [PlanningContext.RefKind.branch, .tag, .mergeRequest] {
            set.formUnion(PredefinedVariables.pipeline(facts(kind)).map(\.name))
        }
        // What a runner adds of its own knowledge.
        set.formUnion([
            "CI_PROJECT_DIR", "CI_BUILDS_DIR", "CI_JOB_STATUS", "CI_RUNNER_DESCRIPTION", "CI_RUNNER_TAGS",
            "CI_RUNNER_VERSION", "CI_DISPOSABLE_ENVIRONMENT", "PAWL_RESUME_FROM", "PAWL_GPUS",
            "MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_EXPERIMENT_NAME",
            "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "MLFLOW_DISABLE_TELEMETRY", "GIT_PYTHON_REFRESH",
        ])
        #expect(told.subtracting(set) == [])
        #expect(set.subtracting(told) == [])
    }

    private func facts(_ kind: PlanningContext.RefKind) -> PipelineFacts {
        let side = MergeRequestFacts.Side(branch: "b", sha: "a", projectID: 1, projectPath: "ml/churn")
        var project = PipelineFacts.Project(
            id: 1, path: "ml/churn", url: "https://lab/ml/churn", defaultBranch: "main", visibility: "private")
        project.cloneURL = "https://lab/ml/churn.git"
        project.pipelineFile = ".pawl.yml"
        return PipelineFacts(
            server: .init(url: "https://lab", forge: "gitlab"), project: project,
            commit: .init(sha: "a", before: "b", message: "m\n\nd", author: "a", timestamp: "t"),
            ref: .init(name: "r", kind: kind, tagMessage: "t"),
            mergeRequest: kind == .mergeRequest
                ? MergeRequestFacts(number: 1, title: "t", labels: ["l"], head: side, base: side, diffBase: "a") : nil,
            pipelineID: 1, pipelineNumber: 1, pipelineURL: "https://p", createdAt: "t", source: "push",
            actor: (id: 1, name: "mira"))
    }

    private func attempt() -> [Variable] {
        var job = PlannedJob(name: "deploy", stage: "deploy", script: ["true"])
        job.image = PlannedJob.Image(name: "busybox")
        job.when = .manual
        job.part = PlannedJob.Part(index: 1, total: 2)
        job.seed = PlannedJob.Seed(node: "deploy", number: 1)
        job.environment = PlannedJob.Environment(name: "production", url: "https://e")
        let facts = AttemptFacts(jobID: 1, attemptNumber: 1, jobURL: "https://j", startedAt: "t", timeout: .seconds(1))
        return PredefinedVariables.attempt(facts, of: job, environment: "production") { $0 }
    }
}
