import PipelineModel

/// The files by which a job's container learns what to do: scripts, variables and secrets. They are in memory, and the
/// container sees them read-only.
struct ScriptFolder: Sendable {
    /// Where a container sees them.
    static let target = "/pawl"

    /// Where the container's user has its own copies of an attempt's secrets of kind file. The folder is in memory, and
    /// named after the attempt, for where containers share theirs.
    static func filesFolder(instance: String, attempt: AttemptID) -> String { "/dev/shm/pawl-\(instance)-\(attempt)" }

    /// Where they are.
    let path: String

    /// Writes the files of an attempt.
    ///
    /// The container's user is its image's choice, so the files are for everyone; the folder around is the runner's. Of
    /// secrets of kind file the job gets copies that are its user's alone.
    init(at path: String, script: JobScript, variables: JobVariables) throws {
        self.path = path
        try FolderRemoval.remove(path)
        try PrivateFile.makeFolder(path, mode: 0o755)
        try PrivateFile.makeFolder(path + "/files", mode: 0o755)
        let files = [
            ("run", script.run), ("script", script.script), ("after_script", script.after),
            ("env", variables.environmentFile),
        ]
        for (name, text) in files { try PrivateFile.write(text, to: "\(path)/\(name)", mode: 0o644) }
        for file in variables.files {
            try PrivateFile.write(file.value, to: "\(path)/files/\(file.name)", mode: 0o644)
        }
    }

    /// Adds to what the shell of an attempt reads first.
    static func add(_ text: String, at path: String) throws {
        let file = path + "/env"
        let known = try PrivateFile.read(file, limit: 64 << 20)
        try PrivateFile.write(known + Array(text.utf8), to: file, mode: 0o644, isDurable: false)
    }

    /// What the container starts: nothing in it comes from the job.
    ///
    /// A shell that an entrypoint ends with, such as `/bin/sh -c`, reads one argument as its whole script. Given two, it
    /// would run the first alone, and the job would pass without having run.
    func command(after entrypoint: [String]?) -> [String] {
        let words = ["sh", "\(Self.target)/run"]
        guard let last = entrypoint?.last, last.hasPrefix("-"), !last.hasPrefix("--"), last.hasSuffix("c") else {
            return words
        }
        return [words.joined(separator: " ")]
    }
}
