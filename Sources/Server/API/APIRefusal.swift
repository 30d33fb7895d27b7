import HTTPTypes
import Store

/// Why the API does not do what was asked, told to the person who asked.
public struct APIRefusal: Error, Sendable, CustomStringConvertible {
    /// What kind of refusal it is. The words are those of the answer's `code`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case unauthorized, forbidden, invalid, refused, unavailable
            case notFound = "not_found"
            case tooMany = "too_many"
            case fault = "internal"
        }
        private let kind: Kind

        /// No token, or none that is good.
        public static let unauthorized = Code(kind: .unauthorized)
        /// The token's scope does not reach so far.
        public static let forbidden = Code(kind: .forbidden)
        /// What was sent is wrong.
        public static let invalid = Code(kind: .invalid)
        /// There is no such thing.
        public static let notFound = Code(kind: .notFound)
        /// The state of things does not allow it.
        public static let refused = Code(kind: .refused)
        /// Too many wrong tokens from one address.
        public static let tooMany = Code(kind: .tooMany)
        /// It cannot be done now; later perhaps.
        public static let unavailable = Code(kind: .unavailable)
        /// The server failed; its log says how.
        public static let fault = Code(kind: .fault)

        /// The word in the answer.
        public var description: String { kind.rawValue }

        var status: HTTPResponse.Status {
            switch kind {
            case .unauthorized: .unauthorized
            case .forbidden: .forbidden
            case .invalid: .badRequest
            case .notFound: .notFound
            case .refused: .conflict
            case .tooMany: .tooManyRequests
            case .unavailable: .serviceUnavailable
            case .fault: .internalServerError
            }
        }
    }

    /// What kind of refusal it is.
    public var code: Code
    /// What is wrong and what helps, on one line, without secrets.
    public var message: String

    /// Refuses.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }

    /// How an error is told to the person who asked. One that says nothing to them becomes a fault.
    init(telling error: any Error) {
        switch error {
        case let refusal as APIRefusal: self = refusal
        case let error as StoreError where error.code == .notFound: self.init(.notFound, error.message)
        case let error as StoreError where error.code == .refused: self.init(.refused, error.message)
        case let error as StoreError where error.code == .invalid: self.init(.invalid, error.message)
        case let error as StoreError where error.code == .unavailable: self.init(.unavailable, error.message)
        default:
            self.init(.fault, "the server failed at this; its log says how.  pawl doctor")
        }
    }
}
