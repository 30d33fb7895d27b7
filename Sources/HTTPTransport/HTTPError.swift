/// Why no answer came, or why it could not be read. An answer with a status of 400 or more is not an error.
public struct HTTPError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String { case connectionFailed, timedOut, cancelled, tooLarge, invalidRequest, broken }
        private let kind: Kind

        /// Nobody answered at the address, or TLS failed. Nothing was sent.
        public static let connectionFailed = Code(kind: .connectionFailed)
        /// A deadline of the request passed.
        public static let timedOut = Code(kind: .timedOut)
        /// The caller's task was cancelled.
        public static let cancelled = Code(kind: .cancelled)
        /// More came than the caller reads.
        public static let tooLarge = Code(kind: .tooLarge)
        /// The request cannot be sent as it is.
        public static let invalidRequest = Code(kind: .invalidRequest)
        /// The connection broke in the middle.
        public static let broken = Code(kind: .broken)

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

    /// The message.
    public var description: String { message }
}
