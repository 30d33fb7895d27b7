import PipelineModel

/// Why a forge could not be asked or told something, a delivery could not be read, or a hook cannot be used.
public struct ForgeError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case misconfigured, unreadablePayload, unreachable, unavailable, limited, unauthorized, forbidden
            case notFound, moved, refused, unreadableAnswer, unsupported
        }
        private let kind: Kind

        /// A setting of the forge or of a hook is missing or wrong.
        public static let misconfigured = Code(kind: .misconfigured)
        /// A delivery's body is not what the forge sends.
        public static let unreadablePayload = Code(kind: .unreadablePayload)
        /// No answer came.
        public static let unreachable = Code(kind: .unreachable)
        /// The forge answered that it cannot at the moment: 5xx, 408, 409 of a busy resource.
        public static let unavailable = Code(kind: .unavailable)
        /// The forge's rate limit is reached.
        public static let limited = Code(kind: .limited)
        /// The forge does not know the credential.
        public static let unauthorized = Code(kind: .unauthorized)
        /// The credential may not do that.
        public static let forbidden = Code(kind: .forbidden)
        /// The forge has no such thing, or hides it from this credential.
        public static let notFound = Code(kind: .notFound)
        /// It has another place now: the repository was renamed.
        public static let moved = Code(kind: .moved)
        /// The forge will never take this request.
        public static let refused = Code(kind: .refused)
        /// The forge's answer is not what its documentation says.
        public static let unreadableAnswer = Code(kind: .unreadableAnswer)
        /// This kind of forge cannot do that.
        public static let unsupported = Code(kind: .unsupported)

        /// The code's name.
        public var description: String { kind.rawValue }
    }

    /// What kind of thing went wrong.
    public let code: Code
    /// What went wrong and what to do, without credentials.
    public let message: String
    /// When the forge wants to be asked again at the earliest; nil where it did not say.
    public let retryAfter: Timestamp?
    /// What caused it.
    public let cause: (any Error)?

    /// Describes what went wrong.
    public init(_ code: Code, message: String, retryAfter: Timestamp? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.cause = cause
    }

    /// Whether the same request may succeed later without anybody changing anything.
    public var isTransient: Bool { [.unreachable, .unavailable, .limited, .unreadableAnswer].contains(code) }

    /// Whether the fault is in the request itself, so that the same will hardly ever succeed. A credential, a permission
    /// or a setting is none: a person puts those right, and then the same request passes.
    public var isOfRequest: Bool { [.refused, .unsupported].contains(code) }

    /// The message.
    public var description: String { message }
}
