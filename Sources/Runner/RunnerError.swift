/// Why a runner could not do its part. A job that fails is not an error: it is a result.
public struct RunnerError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String { case folder, artifact, refused, forbidden }
        private let kind: Kind

        /// A folder or file of the runner's own cannot be read or written.
        public static let folder = Code(kind: .folder)
        /// An artifact could not be brought, or is not what it was said to be.
        public static let artifact = Code(kind: .artifact)
        /// The job asks for something that is never done.
        public static let refused = Code(kind: .refused)

        /// A rule of the runner's administrator forbids it.
        public static let forbidden = Code(kind: .forbidden)

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

    /// The message.
    public var description: String { message }
}
