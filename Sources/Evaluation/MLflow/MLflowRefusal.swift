/// Why a request of MLflow's API is not carried out, as its client understands it.
public struct MLflowRefusal: Error, Hashable, Sendable {
    /// The code that MLflow has for it, and the HTTP status that goes with the code.
    public enum Code: String, Sendable {
        /// What the body says cannot be read.
        case badRequest = "BAD_REQUEST"
        /// A field is missing or has a value that it cannot have.
        case invalidValue = "INVALID_PARAMETER_VALUE"
        /// There is no such run, experiment or model.
        case unknown = "RESOURCE_DOES_NOT_EXIST"
        /// There is one already.
        case taken = "RESOURCE_ALREADY_EXISTS"
        /// Not a call that is answered here.
        case noSuchCall = "ENDPOINT_NOT_FOUND"
        /// More than is kept of an attempt.
        case tooMuch = "RESOURCE_LIMIT_EXCEEDED"
        /// The request itself is too large.
        case tooLarge = "REQUEST_LIMIT_EXCEEDED"
        /// The request did not come in time. Its client tries again.
        case tooSlow = "TEMPORARILY_UNAVAILABLE"
        /// Whoever calls has not shown the attempt's token.
        case noToken = "UNAUTHENTICATED"
        /// Pawl's side failed; trying again may help.
        case failed = "INTERNAL_ERROR"

        /// The HTTP status.
        public var status: Int {
            switch self {
            case .badRequest, .invalidValue, .taken, .tooMuch: 400
            case .noToken: 401
            case .unknown, .noSuchCall: 404
            case .tooLarge: 413
            case .tooSlow: 408
            case .failed: 500
            }
        }
    }

    /// What kind of thing is wrong.
    public var code: Code
    /// What is wrong and what to do.
    public var message: String

    /// Describes what is wrong.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The body of the answer.
    public var body: [UInt8] {
        MLflowValue.object(["error_code": .text(code.rawValue), "message": .text(message)]).bytes
    }

    /// A text of a client's as a message shows it: short, and on one line.
    static func shown(_ text: String) -> String {
        "'" + String(String.UnicodeScalarView(text.unicodeScalars.prefix(80).map { $0.value < 32 ? " " : $0 })) + "'"
    }
}
