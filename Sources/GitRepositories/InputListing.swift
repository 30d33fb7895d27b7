import PipelineModel

/// What a job with declared inputs may read of a commit: the files that its patterns take, each by the content that git
/// names it by. Two commits with equal listings give such a job the same workspace.
public struct InputListing: Hashable, Sendable {
    /// One file, link or submodule.
    public struct Entry: Hashable, Sendable {
        /// Where it lies in the commit.
        public var path: String
        /// Git's mode: `100644`, `100755`, `120000` for a link, `160000` for a submodule.
        public var mode: String
        /// Git's name of its content; of a large file that of its pointer, which names the content in turn.
        public var id: String

        var isSubmodule: Bool { mode == "160000" }
    }

    /// What the patterns take, by path.
    public var entries: [Entry]
    /// What says how those files are laid out: the attributes that git reads for them, and where submodules come from.
    public var rules: [Entry]
    /// Patterns that nothing matches.
    public var unmatched: [String]

    /// Chooses from a commit's whole tree.
    init(_ patterns: [String], of tree: [Entry]) {
        let globs = patterns.map { (text: $0, globs: PathGlob.patterns($0)) }
        var unmatched = Set(globs.map(\.text))
        var folders: Set<Substring> = [""]
        var hasSubmodules = false
        entries = tree.filter { entry in
            var isTaken = false
            for each in globs where each.globs.contains(where: { $0.takes(entry.path) }) {
                isTaken = true
                unmatched.remove(each.text)
            }
            guard isTaken else { return false }
            hasSubmodules = hasSubmodules || entry.isSubmodule
            for index in entry.path.indices where entry.path[index] == "/" { folders.insert(entry.path[..<index]) }
            return true
        }
        self.unmatched = patterns.filter(unmatched.contains)
        rules = tree.filter { entry in
            guard !entry.isSubmodule, let name = entry.path.split(separator: "/").last else { return false }
            if entry.path == ".gitmodules" { return hasSubmodules }
            return name == ".gitattributes" && folders.contains(entry.path.dropLast(name.count + 1))
        }
    }

    /// The listing as bytes, a line for each entry that ends in NUL: what is hashed to tell two of them apart.
    public var canonicalBytes: [UInt8] {
        func lines(_ entries: [Entry]) -> String { entries.map { "\($0.mode) \($0.id)\t\($0.path)\0" }.joined() }
        return Array((lines(entries) + "\0" + lines(rules)).utf8)
    }
}
