/// Keeps a comment the only one of its kind, on any forge: changed where it is, found by its mark where its number is not
/// known, made where it is missing.
struct OneComment {
    let client: ForgeClient
    /// What is done, in words for errors.
    let task: String
    /// Puts the text into a comment by its number.
    let change: (Int64) async throws -> ForgeClient.Answer
    /// A page of the comments that are there.
    let page: (Int) async throws -> ForgeClient.Answer
    /// Makes a comment of the text.
    let make: () async throws -> ForgeClient.Answer

    private struct Entry {
        let id: Int64
        let text: String

        init?(_ value: JSONValue) {
            guard let id = value["id"]?.whole else { return nil }
            self.id = id
            text = value["body"]?.text ?? ""
        }
    }

    /// - Returns: the forge's number for the comment.
    func put(known: Int64?, mark: String) async throws -> Int64 {
        if let known {
            if try await isChanged(known) { return known }
        } else {
            let there = try await Paging.all(of: client, to: task, read: Entry.init, page: page)
            if let found = there.first(where: { $0.text.contains(mark) }), try await isChanged(found.id) {
                return found.id
            }
        }
        guard let id = try await make().body?["id"]?.whole else { throw client.unreadable(task) }
        return id
    }

    /// False where somebody has removed it.
    private func isChanged(_ id: Int64) async throws -> Bool {
        do {
            _ = try await change(id)
            return true
        } catch let error as ForgeError where error.code == .notFound {
            return false
        }
    }
}
