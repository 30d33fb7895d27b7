import PipelineModel

/// A file of variables that a job hands on to later ones, in the form of GitLab's `artifacts: reports: dotenv`:
/// `NAME=value` on each line, blanks around either dropped, quotes part of the value. Empty lines and lines that begin with
/// `#` say nothing.
public enum DotenvFile {
    /// How many bytes of a file are read.
    public static let sizeLimit = 64 << 10

    /// The variables of a file, in its order.
    /// - Throws: `UnreadableFile` for text that is not UTF-8, and for a line that is none of the above.
    public static func read(_ bytes: [UInt8], path: String) throws(UnreadableFile) -> [Variable] {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw UnreadableFile(path, "it is not UTF-8") }
        var variables: [Variable] = []
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = String(line).trimmingSpaces
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let sign = line.firstIndex(of: "=") else {
                throw UnreadableFile(path, "line \(number + 1) is not NAME=value")
            }
            let name = String(line[..<sign]).trimmingSpaces
            guard Variable.isName(name) else {
                throw UnreadableFile(path, "line \(number + 1): \(name.prefix(40)) is no name of a variable")
            }
            variables.append(Variable(name, String(line[line.index(after: sign)...]).trimmingSpaces))
        }
        guard variables.count <= AttemptResult.dotenvLimit else {
            throw UnreadableFile(path, "it has more than \(AttemptResult.dotenvLimit) variables")
        }
        return variables
    }
}
