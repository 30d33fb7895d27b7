import PipelineModel

/// Where a browser finds a repository, worked out of where git fetches it.
struct ForgeAddress: Sendable {
    /// The forge's address without a path; empty for a repository that has none.
    let server: String
    /// The repository's page; empty for a repository that has none.
    let page: String
    /// Where git fetches it, without a login.
    let cloneURL: String

    init(of repository: RepositoryReference) {
        let url = Self.withoutLogin(repository.cloneURL)
        cloneURL = url
        guard let scheme = ["https://", "http://"].first(where: url.hasPrefix) else {
            server = ""
            page = ""
            return
        }
        server = scheme + url.dropFirst(scheme.count).prefix { $0 != "/" }
        page = url.hasSuffix(".git") ? String(url.dropLast(4)) : url
    }

    private static func withoutLogin(_ url: String) -> String {
        guard let begin = url.firstRange(of: "://")?.upperBound else { return url }
        let host = url[begin...].prefix { $0 != "/" }
        guard let login = host.lastIndex(of: "@") else { return url }
        return String(url[..<begin]) + url[url.index(after: login)...]
    }
}
