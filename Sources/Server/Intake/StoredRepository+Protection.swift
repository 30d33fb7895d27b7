import Store

extension StoredRepository {
    /// Whether the settings protect a full ref. Where no branch pattern is given, the default branch is.
    func protects(_ ref: String) -> Bool {
        if ref.hasPrefix("refs/heads/") {
            let branch = ref.dropFirst("refs/heads/".count)
            let patterns = settings.protectedBranches
            return patterns.isEmpty
                ? branch == reference.defaultBranch : patterns.contains { Self.matches(branch, pattern: $0) }
        }
        guard ref.hasPrefix("refs/tags/") else { return false }
        let tag = ref.dropFirst("refs/tags/".count)
        return settings.protectedTags.contains { Self.matches(tag, pattern: $0) }
    }

    /// Whether a name fits a pattern in which `*` stands for any run of characters.
    private static func matches(_ name: Substring, pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last else { return false }
        guard parts.count > 1 else { return name == pattern }
        guard name.count >= first.count + last.count, name.hasPrefix(first), name.hasSuffix(last) else { return false }
        var rest = name.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}
