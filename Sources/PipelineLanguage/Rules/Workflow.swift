import PipelineModel

/// `workflow:`: whether there is a pipeline at all, what it is called, and what a newer one does to it.
struct Workflow {
    var name: String?
    var rules: [Rule]?
    var onNewCommit: Plan.OnNewCommit?
}
