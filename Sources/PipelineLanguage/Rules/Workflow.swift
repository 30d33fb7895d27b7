/// `workflow:`: whether there is a pipeline at all, and what it is called.
struct Workflow {
    var name: String?
    var rules: [Rule]?
}
