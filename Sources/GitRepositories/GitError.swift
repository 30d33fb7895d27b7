/// Why git could not do what was asked.
public struct GitError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case commitNotFound, unauthorized, unreachable, refused, tooLarge, noRoom, damaged, failed
        }
        private let kind: Kind

        /// The repository has no such commit, or not any more.
        public static let commitNotFound = Code(kind: .commitNotFound)
        /// The repository wants a credential, or does not take the one there is.
        public static let unauthorized = Code(kind: .unauthorized)
        /// The repository's server does not answer, or fails.
        public static let unreachable = Code(kind: .unreachable)
        /// A name or address is not one that is handed to git.
        public static let refused = Code(kind: .refused)
        /// What was asked for is larger than what is read.
        public static let tooLarge = Code(kind: .tooLarge)
        /// The machine's disk is full, or answers with errors.
        public static let noRoom = Code(kind: .noRoom)
        /// The copy of the repository here lacks what it says it has, or another's work on it was broken off.
        public static let damaged = Code(kind: .damaged)
        /// Git failed in another way; the message has its words.
        public static let failed = Code(kind: .failed)

        /// The code's name.
        public var description: String { kind.rawValue }
    }

    /// What kind of thing went wrong.
    public var code: Code
    /// What went wrong and what to do, without credentials.
    public var message: String

    /// Describes what went wrong.
    public init(_ code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same call may succeed later without anybody changing anything.
    public var isTransient: Bool { [.unreachable, .noRoom, .damaged].contains(code) }

    /// The message.
    public var description: String { message }
}
