import FoundationEssentials
import HTTPTransport
import PipelineModel
import Signing

/// The server's coordinator, spoken to over HTTP by a runner on another machine.
///
/// Tokens of attempts are kept in a folder, so that a result which an earlier process left can still be told.
public struct HTTPCoordinator: Coordinator {
    let server: RunnerServer
    let credential: RunnerCredential
    let tokens: AttemptTokens
    private let inventory: (@Sendable () async -> RunnerInventory)?
    private let clock: RunnerClock

    /// Speaks for the runner whose credential it is.
    /// - Parameters:
    ///   - folder: where the tokens of attempts are kept; made when it is not there.
    ///   - inventory: looks at the machine again while work is waited for; nil leaves it at what a claim says.
    /// - Throws: `RunnerError.folder`.
    public init(
        server: RunnerServer, credential: RunnerCredential, tokensIn folder: String,
        inventory: (@Sendable () async -> RunnerInventory)? = nil, clock: RunnerClock = .system
    ) throws {
        self.server = server
        self.credential = credential
        self.inventory = inventory
        self.clock = clock
        tokens = try AttemptTokens(folder: folder, now: clock.wall())
    }

    /// Asks for a new credential and uses it once it is on disk. The old one stays good until then.
    public func rotateCredential() async throws {
        let answer: RunnerProtocol.CredentialAnswer = try await asRunner {
            try await server.answer(to: .init(.rotateCredential, bearer: $0))
        }
        try credential.replace(with: answer.credential.value)
    }

    /// Keeps a server that has not waited, as one that stops does not, from being asked again and again.
    private func restIfQuick(since askedAt: Duration) async {
        if clock.now() - askedAt < .seconds(2) { try? await clock.pause(.seconds(2)) }
    }

    /// Waits for a duration.
    func pause(_ duration: Duration) async throws { try await clock.pause(duration) }

    // MARK: - Coordinator

    /// Waits for work for as long as it takes, asking again whenever the server has said that there is none.
    public func claim(_ request: ClaimRequest) async throws -> Claim? {
        var request = request
        while !Task.isCancelled {
            let askedAt = clock.now()
            let json = try JSONEncoder().encode(
                RunnerProtocol.ClaimQuestion(request, wait: RunnerProtocol.longestWait))
            let answer: RunnerProtocol.ClaimAnswer?
            do {
                answer = try await asRunner { bearer in
                    var question = RunnerServer.Question(.claim, bearer: bearer, json: json)
                    question.patience = RunnerProtocol.longestWait + .seconds(20)
                    return try await server.answerIfAny(to: question)
                }
            } catch is CancellationError {
                return nil
            }
            if let answer {
                try tokens.keep(answer.token.value, for: answer.claim.key)
                return answer.claim
            }
            await restIfQuick(since: askedAt)
            if let inventory { request.inventory = await inventory() }
        }
        return nil
    }

    /// Takes the assignment, secrets with it.
    public func acknowledge(_ key: LeaseKey) async throws -> Assignment {
        let answer: RunnerProtocol.AssignmentAnswer = try await about(key) { ask in
            try await server.answer(to: ask(.acknowledge))
        }
        return answer.assignment
    }

    /// Renews the lease, asking for ten seconds at most: a lease is short, and the next question follows.
    public func heartbeat(_ key: LeaseKey) async throws -> HeartbeatAnswer {
        do {
            let reply: RunnerProtocol.HeartbeatReply = try await about(key) { ask in
                var question = ask(.heartbeat)
                question.patience = .seconds(10)
                return try await server.answer(to: question)
            }
            guard let answer = reply.answer else {
                throw CoordinatorError.unavailable("\(server.url) says nothing of the lease's length")
            }
            return answer
        } catch CoordinatorError.leaseLost {
            return .lost
        }
    }

    /// Keeps a question waiting at the server.
    public func untilStopIsWanted(_ key: LeaseKey) async {
        var backOff = BackOff()
        let wait = RunnerProtocol.longestWait
        while !Task.isCancelled {
            let askedAt = clock.now()
            do {
                let answer: RunnerProtocol.StopAnswer = try await about(key) { ask in
                    var question = ask(.awaitStop, [("waitMs", String(wait.wholeMilliseconds))])
                    question.patience = wait + .seconds(20)
                    return try await server.answer(to: question)
                }
                if answer.stop { return }
                await restIfQuick(since: askedAt)
                backOff = BackOff()
            } catch CoordinatorError.leaseLost {
                return
            } catch {
                guard (try? await clock.pause(backOff.delay())) != nil else { return }
            }
        }
    }

    /// Sends a piece with its hash. What is longer than a piece may be is cut: the answer says where to go on.
    public func append(_ bytes: [UInt8], at offset: Int64, to key: LeaseKey) async throws -> Int64 {
        let piece =
            bytes.count > RunnerProtocol.logPieceLimit ? Array(bytes.prefix(RunnerProtocol.logPieceLimit)) : bytes
        let digest = "sha-256=:\(Base64.encode(try SHA256Digest.of(piece))):"
        let answer: RunnerProtocol.StoredAnswer = try await about(key) { ask in
            var question = ask(.appendLog, [("offset", String(offset))])
            question.headers.append((RunnerProtocol.digestHeader, digest))
            question.body = .bytes(piece)
            return try await server.answer(to: question)
        }
        return answer.stored
    }

    /// Tells the result.
    public func complete(_ key: LeaseKey, with result: AttemptResult) async throws {
        try await last(.complete, about: key, json: try JSONEncoder().encode(result))
    }

    /// Gives the attempt back.
    public func giveBack(_ key: LeaseKey, because reason: String) async throws {
        try await last(
            .giveBack, about: key, json: try JSONEncoder().encode(RunnerProtocol.GiveBackRequest(reason: reason)))
    }

    /// Forgets the attempt's token.
    public func dismiss(_ key: LeaseKey) { tokens.forget(key) }

    /// The attempts whose tokens are kept.
    public var inHand: Set<LeaseKey> { tokens.keys }

    /// Forgets the tokens of what earlier processes had in hand, and nobody has now.
    public func dismissAll(but keys: Set<LeaseKey>) { tokens.forgetAll(but: keys) }

    /// Ends an attempt; its token is of no use afterwards.
    private func last(_ call: RunnerCall, about key: LeaseKey, json: Data) async throws {
        do {
            try await about(key) { ask in
                var question = ask(call)
                question.headers.append(("Content-Type", "application/json"))
                question.body = .bytes(Array(json))
                _ = try await server.send(question)
            }
        } catch CoordinatorError.leaseLost {
            tokens.forget(key)
            throw CoordinatorError.leaseLost
        }
        tokens.retire(key)
    }

    // MARK: - Asking

    /// Asks about an attempt, showing its token. A runner that is not in the pool any more has lost all its leases.
    func about<Answer>(
        _ key: LeaseKey, sha256: String = "", _ work: (AskAbout) async throws -> Answer
    ) async throws -> Answer {
        guard let token = tokens[key] else { throw CoordinatorError.leaseLost }
        do {
            return try await asRunner { bearer in
                try await work(AskAbout(key: key, sha256: sha256, token: token, bearer: bearer))
            }
        } catch CoordinatorError.gone {
            throw CoordinatorError.leaseLost
        }
    }

    /// Asks with the runner's credential; once more where it was replaced while the question was on its way.
    private func asRunner<Answer>(_ work: (_ bearer: Redacted) async throws -> Answer) async throws -> Answer {
        let shown = credential.current
        do {
            return try await translated { try await work(shown) }
        } catch Unauthorized.wrong(let message) {
            let current = credential.current
            if current != shown {
                do {
                    return try await translated { try await work(current) }
                } catch is Unauthorized {}
            }
            // A result is worth keeping until somebody has looked at it.
            throw CoordinatorError.unavailable(message)
        }
    }

    private enum Unauthorized: Error { case wrong(String) }

    private func translated<Answer>(_ work: () async throws -> Answer) async throws -> Answer {
        do {
            return try await work()
        } catch let refusal as RunnerServer.Refused {
            switch refusal.kind {
            case .leaseLost: throw CoordinatorError.leaseLost
            case .refused: throw CoordinatorError.refused(refusal.message)
            case .unavailable: throw CoordinatorError.unavailable(refusal.message)
            case .gone: throw CoordinatorError.gone(refusal.message)
            case .unauthorized: throw Unauthorized.wrong(refusal.message)
            }
        }
    }
}

/// Puts questions about one attempt together.
struct AskAbout {
    let key: LeaseKey
    let sha256: String
    let token: Redacted
    let bearer: Redacted

    func callAsFunction(
        _ call: RunnerCall, _ query: [(name: String, value: String)] = []
    ) -> RunnerServer.Question {
        RunnerServer.Question(
            call, path: call.path(of: key, sha256: sha256, query: query), bearer: bearer,
            headers: [(RunnerProtocol.attemptHeader, token.revealed)])
    }
}
