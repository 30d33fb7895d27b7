import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import PipelineModel
import Signing
import Store

/// Finds out who calls, by what they show and by nothing else.
struct RunnerGate: Sendable {
    private let store: Store
    private let now: @Sendable () -> Timestamp
    private let limiter = BadTokenLimiter()
    /// Credentials that were good lately. One that guesses from a runner's own address must not keep the runner out.
    private let known = NIOLockedValueBox<Set<[UInt8]>>([])
    private static let knownLimit = 10_000

    init(store: Store, now: @escaping @Sendable () -> Timestamp) {
        self.store = store
        self.now = now
    }

    /// Who shows a runner's credential.
    /// - Throws: `RunnerRefusal` with `unauthorized`, or `gone` where the runner was removed.
    func runner(_ request: Request, from address: String) async throws -> (runner: StoredRunner, shown: [UInt8]) {
        guard let text = bearer(request), RunnerSecret.credential.isWellFormed(text) else { throw wrong(address) }
        let hash = try RunnerSecret.storedHash(of: text)
        if !known.withLockedValue({ $0.contains(hash) }) { try slowDown(address) }
        guard let holder = try await store.holder(ofCredential: hash) else { throw wrong(address) }
        let runner = holder.runner
        guard runner.removedAt == nil else {
            throw RunnerRefusal(.gone, "\(runner.name) was removed from the pool")
        }
        if holder.isNewest, holder.hasPrevious {
            try await store.retirePreviousCredential(of: runner.id, shown: hash)
        }
        known.withLockedValue { known in
            if known.count >= Self.knownLimit { known = [] }
            known.insert(hash)
        }
        let moment = now()
        if runner.seenAt.map({ moment - $0 >= .seconds(10) || $0 > moment }) ?? true {
            try await store.noteRunner(runner.id, now: moment)
        }
        return (runner, hash)
    }

    /// The hash of a join token that is good now.
    /// - Throws: `RunnerRefusal` with `unauthorized`.
    func joinToken(_ request: Request, from address: String) async throws -> [UInt8] {
        guard let text = bearer(request), RunnerSecret.joinToken.isWellFormed(text) else { throw wrong(address) }
        try slowDown(address)
        let hash = try RunnerSecret.storedHash(of: text)
        guard try await store.joinTerms(hash: hash, now: now()) != nil else { throw wrong(address) }
        return hash
    }

    /// The attempt that a call names, made sure to be the caller's by its token.
    /// - Throws: `RunnerRefusal.leaseLost`, whatever is wrong with it.
    func key(_ request: Request, _ parameters: Parameters, of runner: RunnerID) async throws -> LeaseKey {
        guard let attempt = parameters.get("attempt").flatMap(Int64.init),
            let job = request.uri.queryParameters["job"].flatMap({ Int64($0) }),
            let epoch = request.uri.queryParameters["epoch"].flatMap({ Int64($0) }),
            let name = HTTPField.Name(RunnerProtocol.attemptHeader), let token = request.headers[name],
            RunnerSecret.attempt.isWellFormed(token)
        else { throw RunnerRefusal.leaseLost }
        let key = LeaseKey(job: JobID(rawValue: job), attempt: AttemptID(rawValue: attempt), epoch: epoch)
        try await store.checkHolder(key, runner: runner, tokenHash: try RunnerSecret.storedHash(of: token))
        return key
    }

    private func bearer(_ request: Request) -> String? {
        guard let header = request.headers[.authorization], header.lowercased().hasPrefix("bearer ") else { return nil }
        return header.dropFirst("bearer ".count).trimmingSpaces
    }

    private func slowDown(_ address: String) throws {
        guard let wait = limiter.wait(for: address, now: now()) else { return }
        throw RunnerRefusal(
            .unavailable, status: 429,
            "too many wrong credentials from \(address); the next is looked at in \(wait.text)")
    }

    private func wrong(_ address: String) -> RunnerRefusal {
        limiter.countWrong(from: address, now: now())
        return RunnerRefusal(
            .unauthorized, "this token or credential is not good, or not any more.  A new token: pawl runner token")
    }
}
