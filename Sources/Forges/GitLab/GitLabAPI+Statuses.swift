import HTTPTransport
import PipelineModel

extension GitLabAPI {
    /// Posts a status. GitLab refuses a state that it shows already; that is a success here.
    ///
    /// GitLab keeps a status in one of its pipelines: without a number it takes the newest of the commit and ref, so that
    /// a pipeline of its own that comes between two statuses would part them.
    public func post(
        _ status: CommitStatus, to repository: RepositoryReference, in group: StatusGroup?
    ) async throws -> StatusAnswer {
        try status.checkCommit()
        let wanted = Self.word(for: status.state)
        var body: [String: JSONValue] = [
            "state": .string(wanted), "name": .string(try status.boundedContext()),
            "description": .string(status.boundedText),
        ]
        // Longer addresses are refused, and a status without one is better than none.
        if let url = status.targetURL, url.utf16.count <= 255 { body["target_url"] = .string(url) }
        body["ref"] = Self.shortRef(status.ref).map(JSONValue.string)
        body["pipeline_id"] = group.map { .integer($0.remoteID) }
        var answer = try await send(status, body, to: repository)
        if answer.status == 404, body["pipeline_id"] != nil {
            // That pipeline is gone: the commit's newest takes its place.
            body["pipeline_id"] = nil
            answer = try await send(status, body, to: repository)
        }
        if answer.status == 404, body["ref"] == nil, status.ref.utf8.count <= 255 {
            // No branch has the commit, as with a merge request from a fork: its own ref is named then.
            body["ref"] = .string(status.ref)
            answer = try await send(status, body, to: repository)
        }
        if answer.isSuccess { return StatusAnswer(isNew: true, group: StatusGroup(answer.body)) }
        if answer.status == 400, Self.shows(wanted, by: answer.body) {
            let place = body["pipeline_id"] == nil ? await self.group(of: status, in: repository) : group
            return StatusAnswer(isNew: false, group: place)
        }
        throw client.error(
            answer, "post a status on \(status.commit.prefix(7)) of \(repository.name)",
            hint: "Give the token the scope api and the role Developer, or Maintainer for protected branches.")
    }

    private func send(
        _ status: CommitStatus, _ body: [String: JSONValue], to repository: RepositoryReference
    ) async throws -> ForgeClient.Answer {
        try await send("POST", project: String(repository.remoteID), "/statuses/\(status.commit)", body: .object(body))
    }

    /// Where GitLab keeps a status whose answer never came. Nil where it does not say: what follows then goes to the
    /// newest pipeline, which almost always is the same.
    private func group(of status: CommitStatus, in repository: RepositoryReference) async -> StatusGroup? {
        guard let context = try? status.boundedContext() else { return nil }
        var query = "?name=\(context.urlSegment)"
        if let ref = Self.shortRef(status.ref) { query += "&ref=\(ref.urlSegment)" }
        let answer = try? await send(
            "GET", project: String(repository.remoteID), "/repository/commits/\(status.commit)/statuses" + query)
        return answer?.body?.elements?.compactMap { StatusGroup($0) }.max { $0.remoteID < $1.remoteID }
    }

    private static func word(for state: CommitStatus.State) -> String {
        switch state {
        case .pending: "pending"
        case .success: "success"
        case .failure, .error: "failed"
        }
    }

    /// Whether a refusal says that the status stands in the wanted state, or for a pending one beyond it: "Cannot
    /// transition status via :run from :running". The message may be a text or an object of lists of texts.
    private static func shows(_ wanted: String, by body: JSONValue?) -> Bool {
        let message = String(decoding: (body?["message"] ?? .null).bytes, as: UTF8.self)
        guard message.contains("Cannot transition status via"), let from = message.firstRange(of: " from :") else {
            return false
        }
        let state = message[from.upperBound...].prefix { $0.isLetter || $0 == "_" }
        return state == wanted || wanted == "pending" && state == "running"
    }
}

extension StatusGroup {
    /// Reads the pipeline that a status of GitLab's is in.
    fileprivate init?(_ status: JSONValue?) {
        guard let id = status?["pipeline_id"]?.whole else { return nil }
        self.init(remoteID: id)
    }
}
