import PipelineModel

/// Where planning came to.
public enum PlanningStep: Sendable {
    /// There is something to run.
    case planned(Plan)
    /// The files are right, and nothing is to run here. The reason is one sentence for a person.
    case nothing(reason: String, warnings: [Diagnostic])
    /// The files are wrong. Errors and warnings, in the order of their places.
    case refused([Diagnostic])
    /// These paths of the repository are included; plan again with them among the files.
    case needsFiles([String])
}
