/// Which symbolic links may stand in an archive: those that can never lead out of its root.
///
/// A target is relative, has `..` only at its beginning, and not more of them than the link lies deep. With `..` after
/// a name, that name could itself be a link to a place less deep. Links that all keep to this lead, however they are
/// chained, to places below the root.
enum LinkRule {
    /// Whether a link at a path may have this target.
    static func allows(_ target: String, at path: String) -> Bool {
        guard !target.isEmpty, !target.hasPrefix("/"), !target.utf8.contains(0), target.utf8.count < 4_096 else {
            return false
        }
        let depth = path.split(separator: "/").count - 1
        let steps = target.split(separator: "/").filter { $0 != "." }
        let ups = steps.prefix { $0 == ".." }.count
        return ups <= depth && !steps.dropFirst(ups).contains("..")
    }
}
