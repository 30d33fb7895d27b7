/// Lists that a forge gives page by page, and their bound.
enum Paging {
    /// The entries asked for at a time: the most that forges give.
    static let pageSize = 100
    /// The most pages that are read of one list.
    static let pages = 100

    /// Reads a list page by page, `pageSize` entries each, until a page is not full.
    static func all<Entry>(
        of client: ForgeClient, to task: String, read: (JSONValue) -> Entry?,
        page: (Int) async throws -> ForgeClient.Answer
    ) async throws -> [Entry] {
        var found: [Entry] = []
        for number in 1...pages {
            guard let entries = try await page(number).body?.elements else { throw client.unreadable(task) }
            for entry in entries {
                guard let entry = read(entry) else { throw client.unreadable(task) }
                found.append(entry)
            }
            if entries.count < pageSize { return found }
        }
        throw reached(task)
    }

    static func reached(_ task: String) -> ForgeError {
        ForgeError(
            .refused,
            message: "More than \(pages * pageSize) entries came when the forge was asked to \(task): too many.")
    }
}
