import GitRepositories
import PipelineModel
import Store

/// What `pawl why` tells of a job's key beside that of a proof.
struct ProofEvidence: Sendable {
    private let facts: Store.ProofFacts
    private let parts: ProofKey
    /// The commits that changed inputs, by path, as far as that is known.
    private let commits: [String: CommitDescription]

    /// Nil where nothing is known of the job's key.
    init?(_ facts: Store.ProofFacts?, commits: [String: CommitDescription] = [:]) {
        guard let facts, let parts = facts.parts else { return nil }
        self.facts = facts
        self.parts = parts
        self.commits = commits
    }

    /// How many differences are told one by one.
    private static let limit = 12

    // MARK: - A job that is proved

    /// Every part, and that it is the same.
    func same(for trust: CommitTrust) -> [WhyView.Fact] {
        func count(_ items: Int, _ one: String, _ many: String) -> String { "\(items) \(items == 1 ? one : many)" }
        let files =
            parts.hasAllFiles ? count(parts.files.count, "file", "files") : "more than \(ProofKey.fileLimit) files"
        let needed = parts[.artifacts].count
        var all: [WhyView.Fact] = [
            .init(about: "image", text: "\(Self.short(facts.image ?? ""))  same"),
            .init(about: "script", text: "\(count(parts[.script].count, "command", "commands"))  same"),
            .init(about: "inputs", text: "\(files)  same"),
            .init(about: "variables", text: "\(parts[.variables].count) it may see  same"),
            .init(
                about: "artifacts", text: needed == 0 ? "none needed" : "\(count(needed, "archive", "archives"))  same"),
        ]
        if let origin = facts.proof?.origin.trust {
            all.append(.init(about: "trust", text: "\(Self.word(origin)) → \(Self.word(trust)), allowed"))
        }
        return all + checks
    }

    private var checks: [WhyView.Fact] {
        let checks = facts.checks
        guard checks.checked > 0 || checks.difference != nil else { return [] }
        let times = checks.checked == 1 ? "1 was" : "\(checks.checked) were"
        let end = checks.difference.map { "one came out otherwise: \($0)" } ?? (checks.checked == 2 ? "both" : "each")
        let words = checks.difference == nil ? "\(end) gave the same bytes" : end
        return [
            .init(about: "checks", text: "of the last \(checks.skipped) skips \(times) run again to check: \(words)")
        ]
    }

    // MARK: - A job that ran

    /// Why it ran although an earlier job was proved or might have proved it; nil where there is nothing to say.
    var whyItRan: String? {
        if let note = facts.note { return "it ran, because nobody could tell its image beforehand: \(note)." }
        guard let proof = facts.proof else { return nil }
        let earlier = "\(proof.attempt.pipeline)/\(proof.attempt.job)"
        let found = all
        guard let first = found.first else {
            return facts.checks.difference == nil
                ? "it ran to check \(earlier), which proves it."
                : "it ran, although nothing differs from \(earlier): a check of that came out otherwise."
        }
        let what = found.count == 1 ? "one \(Self.word(first.part)) differs" : "\(found.count) things differ"
        return "it ran, although \(earlier) passed before it, because \(what):"
    }

    /// What differs, thing by thing.
    var differences: [WhyView.Fact] {
        let found = all
        var told = found.prefix(Self.limit).map { difference in
            WhyView.Fact(about: Self.word(difference.part), text: text(of: difference))
        }
        if found.count > Self.limit {
            told.append(.init(about: "", text: "and \(found.count - Self.limit) more"))
        } else if found.count > 0 {
            told.append(.init(about: "", text: "all else is the same"))
        }
        return told + checks
    }

    /// The paths of the inputs that are told as different.
    var changedInputs: [String] { all.prefix(Self.limit).filter { $0.part == .inputs }.map(\.name) }

    private var all: [ProofKey.Difference] {
        guard let proof = facts.proof else { return [] }
        var found = parts.differences(from: proof.parts)
        if let image = facts.image, image != proof.image {
            found.insert(.init(part: nil, name: "", old: proof.image, new: image), at: 0)
        }
        return found
    }

    // MARK: - Words

    private func text(of difference: ProofKey.Difference) -> String {
        let (old, new) = (difference.old.map(Self.short), difference.new.map(Self.short))
        let change = "\(old ?? "not there") → \(new ?? "gone")"
        guard !difference.name.isEmpty else { return change }
        let commit = difference.part == .inputs ? commits[difference.name] : nil
        let origin = commit.map { "  commit \($0.id.prefix(7)), \($0.authorName), \"\($0.title)\"" } ?? ""
        return "\(difference.name)  \(change)\(origin)"
    }

    /// Enough of a value to tell it from another: of contents and digests their beginnings.
    private static func short(_ value: String) -> String {
        let words = value.split(separator: " ").map { word -> String in
            let isLong =
                word.utf8.count > 20
                && word.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (97...102).contains(byte)
                }
            return isLong || word.hasPrefix("sha256:")
                ? word.prefix(word.hasPrefix("sha256:") ? 19 : 12) + "…" : String(word)
        }
        let text = words.joined(separator: " ")
        return text.count > 80 ? text.prefix(79) + "…" : text
    }

    private static func word(_ part: ProofKey.Part?) -> String {
        switch part {
        case nil: "image"
        case .script: "command"
        case .variables: "variable"
        case .inputs: "input"
        case .parameters: "parameter"
        case .artifacts: "artifact"
        case .machine: "machine"
        case .outputs: "output"
        case .trust: "trust"
        }
    }

    private static func word(_ trust: CommitTrust) -> String {
        switch trust {
        case .fork: "the fork"
        case .branch: "branch"
        case .protected: "protected"
        }
    }
}
