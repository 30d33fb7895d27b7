import FoundationEssentials
import HTTPTransport
import PipelineModel

/// A server as a runner on another machine reaches it: sends calls of the runner protocol, and reads the answers.
///
/// Whatever went wrong is told as `CoordinatorError`. Only an answer in the protocol's own form refuses; what a proxy
/// between says, and a network that fails, is `unavailable`.
public struct RunnerServer: Sendable {
    /// Where the server is, without a slash at the end.
    public let url: String
    private let sender: any HTTPSender

    /// Reaches the server at a URL such as `https://pawl.example.com`.
    public init(url: String, sender: any HTTPSender) {
        self.url = url.last == "/" ? String(url.dropLast()) : url
        self.sender = sender
    }

    /// Takes this machine into the server's pool.
    /// - Throws: `CoordinatorError.refused` where the token is not good or the name is taken; `unavailable`.
    public func join(
        _ request: RunnerProtocol.JoinRequest, token: Redacted
    ) async throws -> RunnerProtocol.JoinAnswer {
        do {
            return try await answer(to: Question(.join, bearer: token, json: try JSONEncoder().encode(request)))
        } catch let refusal as Refused {
            switch refusal.kind {
            case .unavailable: throw CoordinatorError.unavailable(refusal.message)
            default: throw CoordinatorError.refused(refusal.message)
            }
        }
    }

    /// A call, and what goes with it.
    struct Question: Sendable {
        var call: RunnerCall
        var path: String
        var headers: [(name: String, value: String)]
        var body: HTTPRequest.Body
        /// How long the server may take before it answers.
        var patience = Duration.seconds(30)

        init(
            _ call: RunnerCall, path: String? = nil, bearer: Redacted,
            headers: [(name: String, value: String)] = [], body: HTTPRequest.Body = .none
        ) {
            self.call = call
            self.path = path ?? call.path
            self.headers = [("Authorization", "Bearer \(bearer.revealed)")] + headers
            self.body = body
        }

        init(_ call: RunnerCall, bearer: Redacted, json: Data) {
            self.init(
                call, bearer: bearer, headers: [("Content-Type", "application/json")], body: .bytes(Array(json)))
        }
    }

    /// A refusal in the protocol's form.
    struct Refused: Error {
        var kind: RunnerProtocol.Refusal
        var message: String
    }

    /// Sends a call, and gives its answer as long as it is none that refuses.
    /// - Throws: `Refused`; `CoordinatorError.unavailable`; `CancellationError`.
    func send(_ question: Question) async throws -> HTTPResponse {
        let request = HTTPRequest(
            question.call.method, url + question.path, headers: question.headers, body: question.body,
            headerTimeout: question.patience)
        do {
            let response = try await sender.send(request)
            if (200..<300).contains(response.status) { return response }
            let bytes = try await response.collect(upTo: 64 << 10)
            guard let answer = try? JSONDecoder().decode(RunnerProtocol.ErrorAnswer.self, from: Data(bytes)) else {
                throw CoordinatorError.unavailable("\(url) answers \(response.status)")
            }
            throw Refused(kind: answer.error, message: answer.message)
        } catch let error as HTTPError {
            throw Self.telling(error)
        }
    }

    /// Sends a call, and reads its answer.
    /// - Throws: as `send`; `CoordinatorError.unavailable` where the answer is not what it should be.
    func answer<Answer: Decodable>(to question: Question) async throws -> Answer {
        guard let answer: Answer = try await answerIfAny(to: question) else {
            throw CoordinatorError.unavailable("\(url) answers nothing")
        }
        return answer
    }

    /// Sends a call, and reads its answer; nil where it is 204, which has no body.
    func answerIfAny<Answer: Decodable>(to question: Question) async throws -> Answer? {
        let response = try await send(question)
        if response.status == 204 { return nil }
        let bytes: [UInt8]
        do {
            bytes = try await response.collect(upTo: RunnerProtocol.answerLimit)
        } catch let error as HTTPError {
            throw Self.telling(error)
        }
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(bytes))
        } catch {
            throw CoordinatorError.unavailable("\(url) answers what is not the runner protocol's \(question.call)")
        }
    }

    /// How a failed transfer is told.
    static func telling(_ error: HTTPError) -> any Error {
        error.code == .cancelled ? CancellationError() : CoordinatorError.unavailable(error.message)
    }
}
