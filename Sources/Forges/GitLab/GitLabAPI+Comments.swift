import PipelineModel

extension GitLabAPI {
    /// Changes the note, or finds it by its mark, or makes it.
    public func putComment(
        _ text: String, on pullRequest: Int64, of repository: RepositoryReference, known: Int64?, mark: String
    ) async throws -> Int64 {
        let task = "comment on merge request \(pullRequest) of \(repository.name)"
        let place = "/merge_requests/\(pullRequest)/notes"
        func ask(_ method: String, _ place: String, _ body: JSONValue? = nil) async throws -> ForgeClient.Answer {
            try await call(
                method, repository, place, body: body, to: task,
                hint: "Give the token the scope api, and its owner the role Developer.")
        }
        let body: JSONValue = ["body": .string(text)]
        return try await OneComment(
            client: client, task: task, change: { try await ask("PUT", "\(place)/\($0)", body) },
            page: { try await ask("GET", place + "?per_page=\(Paging.pageSize)&page=\($0)") },
            make: { try await ask("POST", place, body) }
        ).put(known: known, mark: mark)
    }
}
