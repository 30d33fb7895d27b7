/// Why files could not be packed or unpacked.
public struct ArchiveError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong.
    public struct Code: Hashable, Sendable {
        private enum Kind { case unsafe, tooLarge, unreadable, failed }
        private let kind: Kind

        /// The archive holds something that is not unpacked: a path or link that leads outside, a device.
        public static let unsafe = Code(kind: .unsafe)
        /// There is more than the limits allow.
        public static let tooLarge = Code(kind: .tooLarge)
        /// The bytes are no whole archive of the kind that is read.
        public static let unreadable = Code(kind: .unreadable)
        /// The file system refused.
        public static let failed = Code(kind: .failed)
    }

    /// What kind of thing went wrong.
    public var code: Code
    /// What went wrong and what to do.
    public var message: String

    /// Describes what went wrong.
    public init(_ code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
