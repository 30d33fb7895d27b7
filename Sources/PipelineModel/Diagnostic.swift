/// What is wrong with a pipeline file, where, and what to write instead.
///
/// All mistakes of a file are given at once, in the order of their places.
public struct Diagnostic: Hashable, Codable, Sendable {
    /// Whether the file can still be planned.
    public enum Severity: String, Codable, Sendable {
        /// The file is refused.
        case error
        /// The file is planned, and this is told beside it.
        case warning
    }

    /// Where in a file, both counted from 1; columns count characters.
    public struct Place: Hashable, Codable, Sendable {
        /// The path within the repository.
        public var file: String
        /// The line, from 1.
        public var line: Int
        /// The column, from 1.
        public var column: Int

        /// Names a place.
        public init(file: String, line: Int, column: Int) {
            self.file = file
            self.line = line
            self.column = column
        }
    }

    /// How bad it is.
    public var severity: Severity
    /// What is wrong and what to do, in one sentence or two.
    public var message: String
    /// Where it stands; nil where the mistake is of the whole pipeline.
    public var place: Place?
    /// The line of the file itself, bounded to 200 characters, for showing under the message.
    public var line: String?
    /// How many characters from the column on are meant, at least 1.
    public var length: Int

    /// Describes a mistake.
    public init(_ severity: Severity, _ message: String, at place: Place? = nil, line: String? = nil, length: Int = 1) {
        self.severity = severity
        self.message = message
        self.place = place
        self.line = line
        self.length = length
    }
}

extension Diagnostic: CustomStringConvertible {
    /// One line: `.pawl.yml:22:11 error needs: …`.
    public var description: String {
        guard let place else { return "\(severity.rawValue) \(message)" }
        return "\(place.file):\(place.line):\(place.column) \(severity.rawValue) \(message)"
    }
}
