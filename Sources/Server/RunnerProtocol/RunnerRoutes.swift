import HTTPTypes
import Hummingbird
import Logging
import PipelineModel
import Signing
import Store

/// The runner protocol's server side: what `RunnerCall` lists, under `/runner/v1`. `docs/runner-protocol.md` describes it.
///
/// Who calls is told by the credential alone, and whose attempt it is by the attempt's token. A call about an attempt
/// that is not the caller's is refused as a lost lease, whatever is wrong with it.
public struct RunnerRoutes: Sendable {
    let store: Store
    let now: @Sendable () -> Timestamp
    let assignments: AssignmentBuilder
    let gate: RunnerGate
    private let terms: LeaseTerms

    /// Answers the runners of a store's pool.
    public init(
        store: Store, assignments: AssignmentBuilder, terms: LeaseTerms, now: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.assignments = assignments
        self.terms = terms
        self.now = now
        gate = RunnerGate(store: store, now: now)
    }

    /// Adds every call of the protocol.
    func add<Context: RemoteAddressRequestContext>(to router: some RouterMethods<Context>) {
        for call in RunnerCall.allCases {
            guard let method = HTTPRequest.Method(call.method) else { continue }
            router.on(RouterPath(call.template), method: method) { request, context in
                do {
                    return try await answer(call, request, context)
                } catch {
                    if let refusal = RunnerRefusal(telling: error) { return refusal.response }
                    if !(error is CancellationError) {
                        context.logger.error(
                            "a runner's call failed", metadata: ["call": "\(call.rawValue)", "error": "\(error)"])
                    }
                    return RunnerRefusal(.unavailable, "the server failed at this; its log says how").response
                }
            }
        }
    }

    private func answer(
        _ call: RunnerCall, _ request: Request, _ context: some RemoteAddressRequestContext
    ) async throws -> Response {
        let address = context.remoteAddress?.ipAddress ?? "local"
        if case .joinToken = call.credential {
            return try await join(request, with: try await gate.joinToken(request, from: address))
        }
        let (runner, shown) = try await gate.runner(request, from: address)
        let runnerRequest = RunnerRequest(
            request: request, parameters: context.parameters, runner: runner, shown: shown,
            coordinator: LocalCoordinator(
                store: store, runner: runner.id, assignments: assignments, terms: terms, now: now))
        guard case .runnerAndAttempt = call.credential else {
            return call == .claim ? try await claim(runnerRequest) : try await rotateCredential(runnerRequest)
        }
        let key = try await gate.key(request, context.parameters, of: runner.id)
        return try await answer(call, about: key, runnerRequest)
    }

    private func answer(_ call: RunnerCall, about key: LeaseKey, _ request: RunnerRequest) async throws -> Response {
        switch call {
        case .join, .rotateCredential, .claim: throw RunnerRefusal.leaseLost
        case .acknowledge: return try await acknowledge(key, request)
        case .heartbeat: return try await heartbeat(key, request)
        case .awaitStop: return try await awaitStop(key, request)
        case .appendLog: return try await appendLog(key, request)
        case .storedArtifact: return try await storedArtifact(key, request)
        case .sendArtifact: return try await sendArtifact(key, request)
        case .keepArtifact: return try await keepArtifact(key, request)
        case .keepCheckpoint: return try await keepCheckpoint(key, request)
        case .fetchArtifact: return try await fetchArtifact(key, request)
        case .complete: return try await complete(key, request)
        case .giveBack: return try await giveBack(key, request)
        }
    }
}
