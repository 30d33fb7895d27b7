import PipelineModel

/// Addresses of pages, with the grant that opened the first of them, where one did.
struct PageLinks: Sendable {
    /// The text of the grant; nil for a reader who has logged in.
    var grant: String?

    func pipeline(_ id: PipelineID) -> String { path("/pipelines/\(id)") }

    func job(_ name: String, of id: PipelineID, attempt: Int? = nil) -> String {
        path("/pipelines/\(id)/\(name.urlSegment)", [("attempt", attempt.map(String.init))])
    }

    func log(of name: String, in id: PipelineID, attempt: Int) -> String {
        path("/pipelines/\(id)/\(name.urlSegment)/log", [("attempt", String(attempt))])
    }

    func artifact(of name: String, in id: PipelineID, attempt: Int, sha256: String) -> String {
        path(
            "/pipelines/\(id)/\(name.urlSegment)/artifact", [("attempt", String(attempt)), ("sha256", sha256)])
    }

    /// Where a page's changes come from: its own address, asked for as events, from an offset of the log on.
    func live(_ name: String, of id: PipelineID, attempt: Int?, offset: Int64) -> String {
        path(
            "/pipelines/\(id)/\(name.urlSegment)",
            [("attempt", attempt.map(String.init)), ("offset", String(offset))])
    }

    private func path(_ path: String, _ query: [(String, String?)] = []) -> String {
        let pairs = (query + [("grant", grant)]).compactMap { name, value in value.map { "\(name)=\($0.urlSegment)" }
        }
        return pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
    }
}
