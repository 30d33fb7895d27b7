/// The words that may stand in a pipeline file, and what to say of those that are not carried out.
enum Keywords {
    /// Keys at the top of a file that are no jobs.
    static let root: Set<String> = [
        "default", "include", "stages", "variables", "workflow", "image", "before_script", "after_script", "services",
        "cache", "spec", "types",
    ]

    /// Top-level keys of the old form of `default:`.
    static let oldDefaults = ["image", "before_script", "after_script", "services", "cache"]

    /// Keys of `default:` that are carried out.
    static let defaults = [
        "image", "before_script", "after_script", "artifacts", "interruptible", "retry", "tags", "timeout",
    ]

    /// Keys of a job that are carried out.
    static let job = [
        "after_script", "allow_failure", "artifacts", "before_script", "coverage", "dependencies", "environment",
        "except", "extends", "image", "inherit", "interruptible", "ml", "needs", "only", "parallel",
        "resource_group", "retry", "rules", "script", "stage", "start_in", "tags", "timeout", "variables", "when",
    ]

    /// Names that GitLab keeps for itself, so that no job may have them.
    static let reservedJobNames: Set<String> = ["true", "false", "nil", "null"]

    /// Keys of GitLab that are not carried out, and what to do instead.
    static let unsupported: [String: String] = [
        "cache": "Remove it, or hand files on with artifacts.",
        "dast_configuration": "Remove it.",
        "hooks": "Put the commands into before_script.",
        "id_tokens": "Jobs get no identity token; use a secret of the repository.",
        "identity": "Use a secret of the repository.",
        "inputs": "Use variables.",
        "manual_confirmation": "Remove it.",
        "pages": "Deploy with a script instead.",
        "publish": "Deploy with a script instead.",
        "release": "Make the release in the script.",
        "run": "Use script.",
        "secrets": "Use a secret of the repository.",
        "services": "Start what the job needs in its script.",
        "trigger": "No other pipeline can be started; put the jobs into this one.",
        "type": "Use stage.",
    ]

    /// Keys that ask for nothing when they are empty, and are then let be.
    static let harmlessWhenEmpty: Set<String> = [
        "cache", "services", "hooks", "id_tokens", "secrets",
    ]
}
