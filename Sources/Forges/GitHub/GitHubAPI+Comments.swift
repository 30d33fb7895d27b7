import PipelineModel

extension GitHubAPI {
    /// Changes the comment, or finds it by its mark, or makes it.
    public func putComment(
        _ text: String, on pullRequest: Int64, of repository: RepositoryReference, known: Int64?, mark: String
    ) async throws -> Int64 {
        let path = try GitHubPath(repository.name)
        let task = "comment on pull request \(pullRequest) of \(repository.name)"
        let hint = "Give the credential the permission Pull requests: write (classic tokens: repo)."
        let body: JSONValue = ["body": .string(text)]
        func change(_ id: Int64) async throws -> Bool {
            do {
                _ = try await call("PATCH", path, "/issues/comments/\(id)", body: body, to: task, hint: hint)
                return true
            } catch let error as ForgeError where error.code == .notFound {
                // Somebody has removed it.
                return false
            }
        }
        if let known, try await change(known) { return known }
        let place = "/issues/\(pullRequest)/comments"
        if known == nil {
            let comments = try await Paging.all(of: client, to: task, read: CommentEntry.init) { page in
                try await call("GET", path, place + "?per_page=\(Paging.pageSize)&page=\(page)", to: task, hint: hint)
            }
            if let found = comments.first(where: { $0.text.contains(mark) }), try await change(found.id) {
                return found.id
            }
        }
        let answer = try await call("POST", path, place, body: body, to: task, hint: hint)
        guard let id = answer.body?["id"]?.whole else { throw client.unreadable(task) }
        return id
    }
}

/// A comment of a list, as both forges give it.
struct CommentEntry {
    let id: Int64
    let text: String

    init?(_ value: JSONValue) {
        guard let id = value["id"]?.whole else { return nil }
        self.id = id
        text = value["body"]?.text ?? ""
    }
}
