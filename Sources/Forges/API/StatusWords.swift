import PipelineModel
import Signing

extension CommitStatus {
    /// The context in at most 255 characters, which is what forges keep; a longer one ends in a digest of the whole, so
    /// that two of them stay apart.
    func boundedContext() throws(SigningError) -> String {
        guard context.utf16.count > 255 else { return context }
        let digest = Hex.encode(try SHA256Digest.of(Array(context.utf8)).prefix(6))
        var kept = context.prefix(240)
        while kept.utf16.count > 240 { kept = kept.dropLast() }
        return "\(kept)… \(digest)"
    }

    /// The text in at most 140 characters, on one line.
    var boundedText: String {
        CommitStatus(commit: commit, ref: ref, context: context, state: state, text: text).text
    }

    /// Checks what becomes part of a request's path.
    func checkCommit() throws(ForgeError) {
        guard commit.utf8.count == 40 || commit.utf8.count == 64, Hex.decode(commit) != nil else {
            throw ForgeError(.refused, message: "A status is for a commit id that is none: it cannot be posted.")
        }
    }
}
