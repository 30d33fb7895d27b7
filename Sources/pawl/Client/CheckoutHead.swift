import Foundation
import PipelineModel

/// Reads which commit a checkout stands on, from git's own files.
enum CheckoutHead {
    /// The root of the checkout that a folder is in; nil where there is none.
    static func root(of folder: String) -> String? {
        var path = URL(fileURLWithPath: folder).standardizedFileURL.path
        while true {
            if FileManager.default.fileExists(atPath: path + "/.git") { return path }
            let parent = (path as NSString).deletingLastPathComponent
            if parent == path || parent.isEmpty { return nil }
            path = parent
        }
    }

    /// The commit HEAD leads to, in full; nil outside of a checkout, or before its first commit.
    static func commit(in folder: String) throws -> String? {
        guard let git = gitFolder(of: folder), let head = text(git + "/HEAD") else { return nil }
        guard head.hasPrefix("ref: ") else { return isCommit(head) ? head : nil }
        let ref = String(head.dropFirst("ref: ".count))
        let common = text(git + "/commondir").map { $0.hasPrefix("/") ? $0 : git + "/" + $0 } ?? git
        for place in [git, common] {
            if let found = text("\(place)/\(ref)"), isCommit(found) { return found }
        }
        let packed = text(common + "/packed-refs") ?? ""
        for line in packed.split(separator: "\n") where line.hasSuffix(" " + ref) {
            let found = String(line.prefix { $0 != " " })
            if isCommit(found) { return found }
        }
        if FileManager.default.fileExists(atPath: common + "/reftable") {
            throw CommandFailure(.usage, "this checkout keeps its refs in a reftable.  Name the pipeline: pawl list")
        }
        return nil
    }

    /// The short name of the branch HEAD is on; nil when it is on none.
    static func branch(in folder: String) -> String? {
        guard let git = gitFolder(of: folder), let head = text(git + "/HEAD") else { return nil }
        let prefix = "ref: refs/heads/"
        return head.hasPrefix(prefix) ? String(head.dropFirst(prefix.count)) : nil
    }

    /// The branch that the remote calls its default, as the last clone or fetch noted it; nil where none did.
    static func defaultBranch(in folder: String) -> String? {
        guard let git = gitFolder(of: folder), let head = text(git + "/refs/remotes/origin/HEAD") else { return nil }
        let prefix = "ref: refs/remotes/origin/"
        return head.hasPrefix(prefix) ? String(head.dropFirst(prefix.count)) : nil
    }

    private static func gitFolder(of folder: String) -> String? {
        guard let root = root(of: folder) else { return nil }
        let path = root + "/.git"
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
        if isFolder.boolValue { return path }
        // A worktree or submodule: a file that says where the folder is.
        guard let line = text(path), line.hasPrefix("gitdir: ") else { return nil }
        let place = String(line.dropFirst("gitdir: ".count))
        return place.hasPrefix("/") ? place : root + "/" + place
    }

    private static func text(_ path: String) -> String? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        return text.trimmingSpaces
    }

    private static func isCommit(_ text: String) -> Bool {
        [40, 64].contains(text.utf8.count) && text.allSatisfy { $0.isASCII && $0.isHexDigit }
    }
}
