import PipelineModel

/// Where a browser finds a repository, worked out of where git fetches it.
struct ForgeAddress: Sendable {
    /// The forge's address without a path; empty for a repository that has none.
    let server: String
    /// The repository's page; empty for a repository that has none.
    let page: String

    init(of repository: RepositoryReference) {
        let url = repository.cloneURL
        guard let scheme = ["https://", "http://"].first(where: url.hasPrefix) else {
            server = ""
            page = ""
            return
        }
        server = scheme + url.dropFirst(scheme.count).prefix { $0 != "/" }
        page = url.hasSuffix(".git") ? String(url.dropLast(4)) : url
    }
}
