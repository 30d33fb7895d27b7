import FoundationEssentials
import HTTPTypes
import Hummingbird
import PipelineModel
import Store

/// Why a runner's call is not carried out.
struct RunnerRefusal: Error {
    /// What kind of refusal it is.
    var kind: RunnerProtocol.Refusal
    /// The status, where it is another than the kind's.
    var status: Int
    /// What is wrong and what helps.
    var message: String

    init(_ kind: RunnerProtocol.Refusal, status: Int? = nil, _ message: String) {
        self.kind = kind
        self.status = status ?? kind.status
        self.message = message
    }

    /// Whatever is wrong with a lease is told in the same words: whoever guesses learns nothing.
    static let leaseLost = RunnerRefusal(.leaseLost, "the lease of this attempt has ended")

    /// A body that is longer than it may be.
    static func tooLong(_ limit: Int) -> RunnerRefusal {
        RunnerRefusal(.refused, status: 413, "the request's body is longer than \(limit) bytes")
    }

    /// How an error is told; nil for one that says nothing to a runner.
    init?(telling error: any Error) {
        switch error {
        case let refusal as RunnerRefusal: self = refusal
        case let error as CoordinatorError: self.init(error)
        case let error as StoreError: self.init(CoordinatorError(telling: error))
        default: return nil
        }
    }

    private init(_ error: CoordinatorError) {
        switch error {
        case .leaseLost: self = .leaseLost
        case .refused(let message): self.init(.refused, message)
        case .unavailable(let message): self.init(.unavailable, message)
        case .gone(let message): self.init(.gone, message)
        }
    }

    /// The answer to the call.
    var response: Response {
        let answer = RunnerProtocol.ErrorAnswer(error: kind, message: message)
        let code = HTTPResponse.Status(code: status)
        guard var response = try? Response.json(answer, status: code) else { return Response(status: code) }
        if kind == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}
