import COpenSSL

/// Why something could not be signed, sealed, opened or read as a key.
///
/// A signature that does not fit is not an error but an answer; the functions that compare give a `Bool`.
public struct SigningError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String { case library, invalidKey, invalidInput, cannotOpen }
        private let kind: Kind

        /// OpenSSL refused an operation that has to succeed.
        public static let library = Code(kind: .library)
        /// A key is too short, damaged or of another kind.
        public static let invalidKey = Code(kind: .invalidKey)
        /// A text is not in the format that is read.
        public static let invalidInput = Code(kind: .invalidInput)
        /// A sealed value was changed, or belongs to another key or another place.
        public static let cannotOpen = Code(kind: .cannotOpen)

        /// The code's name.
        public var description: String { kind.rawValue }
    }

    /// What kind of thing went wrong.
    public let code: Code
    /// What went wrong and what to do; never any part of a key or of a secret.
    public let message: String

    /// Describes what went wrong.
    public init(_ code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }

    /// Describes a call that OpenSSL refused, with the reasons from its queue of errors, which is emptied.
    static func library(_ call: String, _ code: Code = .library) -> SigningError {
        var reasons: [String] = []
        var text = [CChar](repeating: 0, count: 256)
        while case let number = ERR_get_error(), number != 0 {
            ERR_error_string_n(number, &text, text.count)
            let characters = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
            reasons.append(String(decoding: characters, as: UTF8.self))
        }
        let because = reasons.isEmpty ? "no reason given" : reasons.joined(separator: "; ")
        return SigningError(code, message: "OpenSSL: \(call) failed: \(because)")
    }
}
