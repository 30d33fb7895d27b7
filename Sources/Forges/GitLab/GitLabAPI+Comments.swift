import PipelineModel

extension GitLabAPI {
    /// Changes the note, or finds it by its mark, or makes it.
    public func putComment(
        _ text: String, on pullRequest: Int64, of repository: RepositoryReference, known: Int64?, mark: String
    ) async throws -> Int64 {
        let task = "comment on merge request \(pullRequest) of \(repository.name)"
        let hint = "Give the token the scope api, and its owner the role Developer."
        let place = "/merge_requests/\(pullRequest)/notes"
        let body: JSONValue = ["body": .string(text)]
        func change(_ id: Int64) async throws -> Bool {
            do {
                _ = try await call("PUT", repository, "\(place)/\(id)", body: body, to: task, hint: hint)
                return true
            } catch let error as ForgeError where error.code == .notFound {
                // Somebody has removed it.
                return false
            }
        }
        if let known, try await change(known) { return known }
        if known == nil {
            let notes = try await Paging.all(of: client, to: task, read: CommentEntry.init) { page in
                try await call(
                    "GET", repository, place + "?per_page=\(Paging.pageSize)&page=\(page)", to: task, hint: hint)
            }
            if let found = notes.first(where: { $0.text.contains(mark) }), try await change(found.id) {
                return found.id
            }
        }
        let answer = try await call("POST", repository, place, body: body, to: task, hint: hint)
        guard let id = answer.body?["id"]?.whole else { throw client.unreadable(task) }
        return id
    }
}
