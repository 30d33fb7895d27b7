import PipelineModel

/// A credential, and the addresses for which git is given it.
struct GitLogin: Sendable {
    /// Below which addresses a credential is given.
    enum Scope: Sendable {
        /// One repository, its large files included.
        case repository
        /// Everything on the repository's server that it can read.
        case server
    }

    let credential: GitCredential
    private let addresses: [String]

    /// Ties a credential to a repository's address; nil where that is no http URL, or there is no credential.
    init?(_ credential: GitCredential?, for url: String, scope: Scope = .repository) {
        guard let credential, let origin = GitName.origin(of: url) else { return nil }
        self.credential = credential
        switch scope {
        case .server: addresses = [origin]
        case .repository:
            // Both names of one repository: large files are always asked for below the one that ends with `.git`.
            let trimmed = String(url.reversed().drop { $0 == "/" }.reversed())
            let bare = trimmed.hasSuffix(".git") ? String(trimmed.dropLast(4)) : trimmed
            addresses = [bare, bare + ".git"]
        }
    }

    /// Git's settings for it. The helper answers for these addresses and what is below them: a redirect, another
    /// repository of the same server, or another server gets nothing.
    var settings: [(key: String, value: String)] {
        [("credential.useHttpPath", "true")] + addresses.map { ("credential.\($0).helper", Self.helper) }
    }

    private static let helper =
        #"!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$PAWL_GIT_USER" "$PAWL_GIT_PASSWORD"; }; f"#
}
