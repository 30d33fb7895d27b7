import PipelineModel

extension GitHubAPI {
    /// Changes the comment, or finds it by its mark, or makes it.
    public func putComment(
        _ text: String, on pullRequest: Int64, of repository: RepositoryReference, known: Int64?, mark: String
    ) async throws -> Int64 {
        let path = try GitHubPath(repository.name)
        let task = "comment on pull request \(pullRequest) of \(repository.name)"
        let place = "/issues/\(pullRequest)/comments"
        func ask(_ method: String, _ place: String, _ body: JSONValue? = nil) async throws -> ForgeClient.Answer {
            try await call(
                method, path, place, body: body, to: task,
                hint: "Give the credential the permission Pull requests: write (classic tokens: repo).")
        }
        let body: JSONValue = ["body": .string(text)]
        return try await OneComment(
            client: client, task: task, change: { try await ask("PATCH", "/issues/comments/\($0)", body) },
            page: { try await ask("GET", place + "?per_page=\(Paging.pageSize)&page=\($0)") },
            make: { try await ask("POST", place, body) }
        ).put(known: known, mark: mark)
    }
}
