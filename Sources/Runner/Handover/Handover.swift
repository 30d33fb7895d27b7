import Executors
import PipelineModel

/// What a runner leaves in memory about an attempt whose container runs, so that the process that comes after it can go
/// on with both: after an upgrade or a crash of the runner a long training need not begin again.
struct Handover: Codable, Sendable {
    /// The claim.
    let claim: Claim
    /// When it came, by the machine's monotonic clock.
    let receivedAtMs: Int64
    /// What the attempt is about. It has secrets in it, and is in memory as their files are.
    private let assignment: RunnerProtocol.AssignmentAnswer
    private let containerID: String
    private let networkID: String?
    private let imageID: String?
    /// The digest of the declared inputs in its workspace; nil where the job sees the whole commit.
    let inputs: String?
    /// The lines of the runner's own that stand in the log before the job's.
    let notes: [String]
    /// Where the container logs to with MLflow's API; nil where it does not.
    let mlflow: MLflowAccess?

    /// Describes an attempt whose container is about to start.
    init(
        claim: Claim, receivedAt: Duration, assignment: Assignment, container: ContainerHandle, inputs: String? = nil,
        notes: [String], mlflow: MLflowAccess? = nil
    ) {
        self.claim = claim
        receivedAtMs = receivedAt.wholeMilliseconds
        self.assignment = RunnerProtocol.AssignmentAnswer(assignment)
        containerID = container.id
        networkID = container.networkID
        imageID = container.imageID
        self.inputs = inputs
        self.notes = notes
        self.mlflow = mlflow
    }

    /// The attempt as it was assigned.
    var assigned: Assignment { assignment.assignment }

    /// The container, as an instance made it.
    func container(of instance: String) -> ContainerHandle {
        ContainerHandle(
            id: containerID, networkID: networkID, labels: ContainerLabels(instance: instance, key: claim.key),
            imageID: imageID)
    }
}
