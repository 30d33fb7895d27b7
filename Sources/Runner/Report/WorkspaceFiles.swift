import Archives
import Evaluation

/// Finds and reads the files that a job's reports name, within limits, in the workspace that it left.
struct WorkspaceFiles {
    let plan: AttemptPlan

    /// The files that globs take, in the order of their paths. What there is to be said of them is added to the remarks.
    func matching(_ globs: [String], named kind: String, limit: Int, _ remarks: inout [String]) -> [String] {
        guard !globs.isEmpty else { return [] }
        let selection = FileSelection(include: globs.map(plan.relativeGlob))
        do {
            let found = try selection.paths(in: plan.workspace.project)
            if found.isEmpty { remarks.append("no file matches \(kind): \(globs.joined(separator: ", "))") }
            if found.count > limit { remarks.append("\(kind): of \(found.count) files the first \(limit) are read") }
            return Array(found.sorted().prefix(limit))
        } catch {
            remarks.append("\(kind): \(error)")
            return []
        }
    }

    /// A file's bytes; nil for what is no file.
    /// - Throws: what stands in the way, in words.
    func bytes(of path: String, limit: Int) throws -> [UInt8]? {
        guard let file = try FileContent(path, in: plan.workspace.project) else { return nil }
        guard file.size <= limit else { throw UnreadableFile(path, "it is larger than \(limit >> 20) MiB") }
        return try file.all(limit: limit)
    }
}
