/// What a runner and its server say to each other over HTTP, version 1: paths, headers, bounds, and the values in JSON.
///
/// Both ends are made of these declarations, and `docs/runner-protocol.md` describes them. Times and durations are whole
/// milliseconds. A key that one end does not know is passed over; a newer version that cannot be read so gets a prefix of
/// its own.
public enum RunnerProtocol {
    /// What every path begins with.
    public static let prefix = "/runner/v1"
    /// The header that shows the token of the attempt a call is about.
    public static let attemptHeader = "Pawl-Attempt"
    /// The header with the SHA-256 of a body, as RFC 9530 writes it: `sha-256=:…:`.
    public static let digestHeader = "Content-Digest"

    /// The longest body in JSON that a runner sends, in bytes.
    public static let requestLimit = 256 << 10
    /// How many bytes a result may have, with what the job reported in it.
    public static let resultLimit = 8 << 20
    /// The longest body in JSON that a server answers with, in bytes. An assignment has all variables and secrets in it.
    public static let answerLimit = 32 << 20
    /// The longest piece of a log, in bytes.
    public static let logPieceLimit = 1 << 20
    /// The longest piece of an artifact, in bytes.
    public static let artifactPieceLimit = 16 << 20
    /// The longest time that a server keeps a question waiting for its answer.
    public static let longestWait = Duration.seconds(50)

    /// Why a server refuses a call: the `error` of its answer.
    public enum Refusal: String, Codable, Sendable, CaseIterable {
        /// The attempt is not the runner's: it never was, is another's now, or has ended differently.
        case leaseLost = "lease_lost"
        /// What was sent is wrong; sending it again does not help.
        case refused
        /// Not now; sending it again may help.
        case unavailable
        /// The credential or token is not good.
        case unauthorized
        /// The runner is not needed any more: it ends.
        case gone

        /// The HTTP status that goes with it.
        public var status: Int {
            switch self {
            case .leaseLost: 409
            case .refused: 422
            case .unavailable: 503
            case .unauthorized: 401
            case .gone: 410
            }
        }
    }

    /// A text that must not be shown, on its way. In JSON it is the bare text; in logs and errors it is `[redacted]`.
    public struct Secret: Hashable, Codable, Sendable, CustomStringConvertible {
        /// The text.
        public var value: Redacted

        /// Lets a text travel.
        public init(_ value: Redacted) { self.value = value }

        /// Reads the bare text.
        public init(from decoder: any Decoder) throws {
            value = Redacted(try decoder.singleValueContainer().decode(String.self))
        }

        /// Writes the bare text.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(value.revealed)
        }

        /// Always `[redacted]`.
        public var description: String { value.description }
    }

    /// The body of every refusal.
    public struct ErrorAnswer: Hashable, Codable, Sendable {
        /// What kind of refusal it is.
        public var error: Refusal
        /// What is wrong and what helps, on one line, without secrets.
        public var message: String

        /// Refuses.
        public init(error: Refusal, message: String) {
            self.error = error
            self.message = message
        }
    }
}
