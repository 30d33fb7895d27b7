import FoundationEssentials
import PipelineModel

/// Where a checkout keeps what, as far as a snapshot of it needs to know. Only read, never written.
struct CheckoutSource: Sendable {
    /// The working copy's root.
    let root: String
    /// The folder with HEAD and the index; a linked worktree has one of its own.
    let gitFolder: String
    /// The folder with objects and branches.
    let commonFolder: String
    /// The commit HEAD leads to; nil before the first one.
    let head: String?
    /// Whether parts of the history are elsewhere, as after a shallow or partial clone.
    let lacksHistory: Bool
    /// Settings of the account and the checkout, the latter winning, by lower-case key.
    let settings: [String: String]

    init(of checkout: String, home: String?, git: GitCommand) async throws {
        let places = try await git.run(
            ["rev-parse", "--path-format=absolute", "--show-toplevel", "--git-dir", "--git-common-dir"], in: checkout)
        let lines = places.text.split(separator: "\n").map(String.init)
        guard places.isSuccess, lines.count == 3 else {
            throw GitError(.refused, message: "\(checkout) is no git checkout whose files can be read")
        }
        (root, gitFolder, commonFolder) = (lines[0], lines[1], lines[2])
        let found = try await git.run(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], in: checkout)
        head = found.isSuccess ? found.text.trimmingSpaces : nil
        settings = try await Self.settings(of: checkout, home: home, git: git)
        guard settings["extensions.objectformat"].map({ $0 == "sha1" }) ?? true else {
            throw GitError(.refused, message: "\(checkout) is a SHA-256 repository, of which no snapshot can be taken")
        }
        let isPartial = settings.contains { key, value in key.hasSuffix(".promisor") && value != "false" }
        lacksHistory = isPartial || FileManager.default.fileExists(atPath: commonFolder + "/shallow")
    }

    /// Where the checkout keeps large files.
    var largeFiles: String {
        guard let storage = settings["lfs.storage"] else { return commonFolder + "/lfs" }
        return storage.hasPrefix("/") ? storage : commonFolder + "/" + storage
    }

    private static func settings(of checkout: String, home: String?, git: GitCommand) async throws -> [String: String] {
        var settings: [String: String] = [:]
        var files: [[String]] = []
        if let home {
            settings["core.excludesfile"] = home + "/.config/git/ignore"
            files = [home + "/.config/git/config", home + "/.gitconfig"]
                .filter { FileManager.default.fileExists(atPath: $0) }.map { ["--file", $0, "--includes"] }
        }
        for place in files + [["--local", "--includes"]] {
            let listing = try await git.run(["config"] + place + ["--list", "-z"], in: checkout)
            guard listing.isSuccess else { continue }
            for entry in listing.text.split(separator: "\0") {
                // Without a line end it is a key alone, which means true.
                let parts = entry.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
                settings[parts[0].lowercased()] = parts.count > 1 ? String(parts[1]) : "true"
            }
        }
        if let home, let path = settings["core.excludesfile"], path.hasPrefix("~/") {
            settings["core.excludesfile"] = home + path.dropFirst(1)
        }
        return settings
    }
}
