import PipelineModel

extension Event {
    /// Adds what a list of commits in a payload says: the paths they touch, each once, in order.
    mutating func readChangedFiles(_ commits: [PayloadFields]) throws(ForgeError) {
        var paths: Set<String> = []
        for commit in commits {
            for list in ["added", "modified", "removed"] { paths.formUnion(try commit.names(list)) }
            if paths.count > PayloadFields.listLimit { break }
        }
        changedFiles = paths.sorted()
    }

    /// Takes a commit's message: the whole, and its first line as the title.
    mutating func read(message: String?) {
        commitMessage = message
        title = message.map { String($0.prefix { !$0.isNewline }) }
    }
}
