import FoundationEssentials
import PipelineModel

#if canImport(Glibc)
    import Glibc
#endif

/// A bare copy of a submodule's repository, kept in the mirror of the repository that declares it, and only for that one:
/// what one repository's login may read is not what another's may.
struct SubmoduleMirror: Sendable {
    /// The bare repository's folder.
    let path: String
    /// Where the submodule's repository is.
    let address: String
    private let git: GitCommand

    /// Names the copy of an address in a mirror; nothing is made yet.
    /// - Throws: `GitError.refused` where the address is longer than the name of a folder may be.
    init(of address: String, in mirror: Mirror) throws {
        // Without percent signs, which git would decode where the folder is named in a URL.
        let name = address.urlSegment.replacing("%", with: "=")
        guard name.utf8.count <= 240 else {
            throw GitError(.refused, message: "the address of a submodule is too long: \(address.prefix(200))…")
        }
        path = "\(mirror.path)/modules/\(name).git"
        self.address = address
        git = mirror.git
    }

    /// Where a checkout clones it from. A URL, since git would link the files of a plain path, and what runs in a
    /// workspace could change them then.
    var cloneURL: String { "file://" + path }

    /// Brings a commit, where it is not here yet. One caller at a time.
    func bring(_ commit: String, login: GitLogin?, reach: GitCommand.Reach) async throws {
        if access(path + "/HEAD", F_OK) != 0 { try await make() }
        if try await has(commit) { return }
        try await fetch(["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"], login: login, reach: reach)
        if try await has(commit) { return }
        try await fetch(["+\(commit):refs/pawl/\(commit)"], login: login, reach: reach)
    }

    private func has(_ commit: String) async throws -> Bool {
        try await git.run(["cat-file", "-e", commit + "^{commit}"], in: path).isSuccess
    }

    private func make() async throws {
        try FileManager.default.createDirectory(atPath: path.folder, withIntermediateDirectories: true)
        _ = try await git.require(["init", "--quiet", "--bare", "--", path], in: path.folder)
        // A checkout asks for the one commit that it is at, which no branch need lead to.
        _ = try await git.require(["config", "uploadpack.allowAnySHA1InWant", "true"], in: path)
    }

    private func fetch(_ specs: [String], login: GitLogin?, reach: GitCommand.Reach) async throws {
        // A redirect would lead away from the one server whose name was looked at.
        let redirects = reach == .namedServer ? ["-c", "http.followRedirects=false"] : []
        _ = try await git.require(
            redirects + [
                "fetch", "--quiet", "--no-write-fetch-head", "--no-recurse-submodules", "--no-tags", "--force", "--",
                address,
            ] + specs, in: path, login: login, timeout: Mirror.fetchTimeout, reach: reach)
    }
}
