import PipelineModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Which files of a folder are kept: those that match a path, but for those that match an exclusion.
///
/// A path that matches a folder takes everything in it; an exclusion takes out only what it matches itself, so that
/// `build/**/*` is needed for a whole folder. This is GitLab's meaning. Links are never followed; one that cannot lead
/// out of the folder is kept as a link. Devices, sockets and pipes, names that are not UTF-8, and the root's `.git` are
/// left out.
public struct FileSelection: Sendable {
    private let include: [PathGlob]
    private let exclude: [PathGlob]

    /// How deep folders are looked into.
    static let depthLimit = 128

    /// How many bytes the selected paths may have together.
    private static let pathsLimit = 256 << 20

    /// Reads globs, relative to the folder.
    public init(include: [String], exclude: [String] = []) {
        self.include = include.flatMap(PathGlob.patterns)
        self.exclude = exclude.flatMap(PathGlob.patterns)
    }

    /// The selected files, links and empty folders, relative to the root and in order.
    /// - Throws: `ArchiveError` where the folder cannot be read, or has more than `limit` selected files.
    public func paths(in root: String, limit: Int = 1_000_000) throws -> [String] {
        do {
            var walk = Walk(selection: self, limit: limit)
            try walk.visit(try FolderHandle(path: root), at: [], isTaken: include.contains(where: \.isRoot))
            return walk.paths
        } catch let failure as FileFailure {
            throw failure.error(at: failure.path)
        }
    }

    private struct Walk {
        let selection: FileSelection
        let limit: Int
        var paths: [String] = []
        private var size = 0

        init(selection: FileSelection, limit: Int) {
            self.selection = selection
            self.limit = limit
        }

        /// - Parameter isTaken: whether a path has matched the folder, or one above it.
        mutating func visit(_ folder: FolderHandle, at place: [Substring], isTaken: Bool) throws {
            let names = try folder.names()
            for name in names where !(place.isEmpty && name == ".git") {
                let path = place + [name[...]]
                let isMatched = isTaken || selection.include.contains { $0.matches(path) }
                let isExcluded = selection.exclude.contains { $0.matches(path) }
                switch try folder.status(name).st_mode & S_IFMT {
                case S_IFDIR:
                    guard path.count < FileSelection.depthLimit,
                        isMatched || selection.include.contains(where: { $0.couldMatch(below: path) })
                    else { continue }
                    let inner = try folder.folder(name)
                    if isMatched, !isExcluded, try inner.names().isEmpty {
                        try add(path)
                    } else {
                        try visit(inner, at: path, isTaken: isMatched)
                    }
                case S_IFREG where isMatched && !isExcluded: try add(path)
                case S_IFLNK where isMatched && !isExcluded:
                    let joined = path.joined(separator: "/")
                    if let target = try folder.linkTarget(name), LinkRule.allows(target, at: joined) { try add(path) }
                default: break
                }
            }
        }

        private mutating func add(_ path: [Substring]) throws {
            let joined = path.joined(separator: "/")
            size += joined.utf8.count
            guard paths.count < limit, size <= FileSelection.pathsLimit else {
                throw ArchiveError(
                    .tooLarge, message: "More than \(limit) files are selected. Name fewer, or exclude some.")
            }
            paths.append(joined)
        }
    }
}
