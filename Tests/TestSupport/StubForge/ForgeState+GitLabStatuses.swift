import Forges
import FoundationEssentials

extension ForgeState {
    /// Takes a status as GitLab does: a status that is not final is changed where its states allow that, else a new one
    /// is made; and it goes to the pipeline it names, or to the newest of the commit, whatever that pipeline is for.
    mutating func postGitLabStatus(
        _ wanted: String, _ call: APICall, _ repository: StubRepository
    ) -> Result<ForgeRecord.Status, StatusRefusal> {
        let name = call.body?["name"]?.text ?? call.body?["context"]?.text ?? "default"
        let commit = call["sha"]
        let ref = call.body?["ref"]?.text
        let pipeline: Int64
        if let named = call.body?["pipeline_id"]?.whole {
            guard
                pipelines.contains(where: {
                    $0.id == named && $0.commit == commit && (ref == nil || $0.ref == nil || $0.ref == ref)
                })
            else {
                return .failure(
                    StatusRefusal(status: 404, message: "404 Pipeline for pipeline_id, sha and ref Not Found"))
            }
            pipeline = named
        } else if let newest = pipelines.last(where: {
            $0.repository == repository.id && $0.commit == commit && (ref == nil || $0.ref == ref)
        }) {
            pipeline = newest.id
        } else {
            pipeline = nextID()
            pipelines.append(StubPipeline(id: pipeline, repository: repository.id, commit: commit, ref: ref))
        }
        let last = record.statuses.last {
            $0.repositoryID == repository.id && $0.pipeline == pipeline && $0.context == name
                && (ref == nil || $0.ref == ref)
        }
        if let last, ["pending", "running"].contains(last.state),
            last.state == wanted || (last.state == "running" && wanted == "pending")
        {
            let event = wanted == "pending" ? "enqueue" : "run"
            return .failure(
                StatusRefusal(
                    message: "Cannot transition status via :\(event) from :\(last.state) "
                        + "(Reason(s): Status cannot transition via \"\(event)\")"))
        }
        let status = ForgeRecord.Status(
            id: nextID(), receivedAt: Date(), repositoryID: repository.id, repository: repository.path, commit: commit,
            ref: ref, context: name, state: wanted, description: call.body?["description"]?.text ?? "",
            targetURL: call.body?["target_url"]?.text, pipeline: pipeline)
        record.statuses.append(status)
        return .success(status)
    }
}

/// Why GitLab does not take a status.
struct StatusRefusal: Error {
    var status = 400
    let message: String
}

extension Result<APIAnswer, StatusRefusal> {
    /// The answer, or the refusal as one.
    var recovered: APIAnswer {
        switch self {
        case .success(let answer): answer
        case .failure(let refusal): .refused(refusal.status, refusal.message)
        }
    }
}
