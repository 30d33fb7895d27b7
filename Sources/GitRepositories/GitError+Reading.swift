extension GitError {
    /// Says what git's complaint means. What it quotes, such as an address, is a stranger's and says nothing.
    init(reading outcome: GitCommand.Outcome, of command: String) {
        let words = outcome.complaint
        let last = words.split(whereSeparator: \.isNewline).last { !$0.isEmpty }.map { String($0.prefix(300)) } ?? ""
        let lowered = Self.withoutQuotes(words.lowercased())
        func says(_ texts: [String]) -> Bool { texts.contains { lowered.contains($0) } }
        if says(Self.noRoom), !says(["file exists"]) {
            self.init(.noRoom, message: "git cannot write to this machine's disk: \(last)")
        } else if says(Self.damage) {
            self.init(.damaged, message: "the copy of the repository here is damaged: \(last)")
        } else if says(Self.noConnection) {
            self.init(.unreachable, message: "the repository cannot be reached: \(last)")
        } else if says(Self.noAccess) {
            self.init(.unauthorized, message: "the repository refuses the credential for clones: \(last)")
        } else if says(["not our ref", "couldn't find remote ref", "bad object", "not a tree", "unknown revision"]) {
            self.init(.commitNotFound, message: "the repository has no such commit: \(last)")
        } else if says(Self.noAnswer) {
            self.init(.unreachable, message: "the repository cannot be reached: \(last)")
        } else {
            let how = outcome.code.map { "ended with \($0)" } ?? "was ended by a signal"
            self.init(.failed, message: "git \(command) \(how): \(last)")
        }
    }

    /// Words about the disk here: git does not always say what the system said.
    private static let noRoom = [
        "no space left on device", "disk quota exceeded", "input/output error", "couldn't write", "unable to write",
        "unable to create", "write error", "error writing", "failed to write", "cannot update ref",
    ]
    /// Words about objects that a ref leads to and that are not here, and about locks that somebody holds or has left.
    private static let damage = [
        "did not send all necessary objects", "bad tree object", "missing blob", "unresolved deltas",
        "cannot lock ref", "file exists",
    ]
    /// Words of a server that was never reached. They come first: with one of them nobody has refused anything.
    private static let noConnection = [
        "could not resolve", "failed to connect", "couldn't connect", "connection refused", "connection reset",
        "timed out", "network is unreachable", "no route to host", "early eof", "returned error: 5",
    ]
    /// Words of a server that wants another credential. Numbers count only where git says that they are its answer.
    private static let noAccess = [
        "authentication failed", "authentication required", "could not read username", "could not read password",
        "permission denied", "returned error: 401", "returned error: 403",
    ]
    /// Words that follow others, and alone mean that the server is in trouble.
    private static let noAnswer = [
        "unable to access", "connection", "rpc failed", "could not read from remote", "the remote end hung up",
        "does not appear to be a git repository",
    ]

    /// A text without what stands in single quotes on one of its lines. An apostrophe within a word quotes nothing.
    private static func withoutQuotes(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { line in
            var kept = ""
            var isQuoted = false
            var before: Character = " "
            for character in line {
                if character == "'", isQuoted || !before.isLetter {
                    isQuoted.toggle()
                } else if !isQuoted {
                    kept.append(character)
                }
                before = character
            }
            return kept
        }.joined(separator: "\n")
    }
}
