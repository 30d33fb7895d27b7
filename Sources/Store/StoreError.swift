/// Why the store could not do what was asked.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case leaseLost, refused, notFound, invalid, corrupt, damaged, newerSchema, inUse, unavailable
        }
        private let kind: Kind

        /// The lease named by the caller is another's, or its attempt has ended differently. Never repeat the call.
        public static let leaseLost = Code(kind: .leaseLost)
        /// The state of things does not allow it; the message says why, and what does.
        public static let refused = Code(kind: .refused)
        /// There is no such row or file.
        public static let notFound = Code(kind: .notFound)
        /// What was handed in is wrong.
        public static let invalid = Code(kind: .invalid)
        /// What is stored cannot be read; the message names the row.
        public static let corrupt = Code(kind: .corrupt)
        /// The database's file is damaged. Nothing that is stored can be taken for dealt with: restore a backup.
        public static let damaged = Code(kind: .damaged)
        /// The database was written by a newer Pawl.
        public static let newerSchema = Code(kind: .newerSchema)
        /// Another process has the data folder.
        public static let inUse = Code(kind: .inUse)
        /// The database or disk cannot do it now: full, locked, read-only, failing. Repeating may help.
        public static let unavailable = Code(kind: .unavailable)

        /// The code's name.
        public var description: String { kind.rawValue }
    }

    /// What kind of thing went wrong.
    public var code: Code
    /// What went wrong and what to do, without secrets.
    public var message: String
    /// The error beneath, where there is one.
    public var cause: (any Error)?

    /// Describes what went wrong.
    public init(_ code: Code, message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The message, and the cause's after it.
    public var description: String { cause.map { "\(message) (\($0))" } ?? message }
}
