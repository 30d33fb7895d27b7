/// A call of the runner protocol: its method, its path, and what it has to show.
public enum RunnerCall: String, CaseIterable, Sendable {
    case join
    case rotateCredential
    case claim
    case acknowledge
    case heartbeat
    case awaitStop
    case appendLog
    case storedArtifact
    case sendArtifact
    case keepArtifact
    case keepCheckpoint
    case fetchArtifact
    case complete
    case giveBack

    /// What a caller shows in `Authorization: Bearer …`.
    public enum Credential: Sendable {
        /// A token that machines may join with.
        case joinToken
        /// The runner's own credential.
        case runner
        /// The runner's own credential, and the attempt's token in `Pawl-Attempt`.
        case runnerAndAttempt
    }

    /// The HTTP method.
    public var method: String {
        switch self {
        case .storedArtifact, .fetchArtifact, .awaitStop: "GET"
        case .appendLog, .sendArtifact: "PUT"
        case .join, .rotateCredential, .claim, .acknowledge, .heartbeat, .keepArtifact, .keepCheckpoint, .complete,
            .giveBack:
            "POST"
        }
    }

    /// The path, with `{attempt}` and `{sha256}` in the places of those.
    public var template: String { RunnerProtocol.prefix + "/" + words }

    private var words: String {
        switch self {
        case .join: "join"
        case .rotateCredential: "credential"
        case .claim: "claim"
        case .acknowledge: "attempts/{attempt}/acknowledge"
        case .heartbeat: "attempts/{attempt}/heartbeat"
        case .awaitStop: "attempts/{attempt}/stop"
        case .appendLog: "attempts/{attempt}/log"
        case .storedArtifact: "attempts/{attempt}/artifacts/{sha256}/stored"
        case .sendArtifact, .keepArtifact, .fetchArtifact: "attempts/{attempt}/artifacts/{sha256}"
        case .keepCheckpoint: "attempts/{attempt}/checkpoints/{sha256}"
        case .complete: "attempts/{attempt}/complete"
        case .giveBack: "attempts/{attempt}/give-back"
        }
    }

    /// What a caller has to show.
    public var credential: Credential {
        switch self {
        case .join: .joinToken
        case .rotateCredential, .claim: .runner
        default: .runnerAndAttempt
        }
    }

    /// The path of a call that is about no attempt.
    public var path: String { template }

    /// The path and query of a call about an attempt.
    /// - Parameters:
    ///   - sha256: the artifact, where the path has one.
    ///   - query: further parameters of the query.
    public func path(
        of key: LeaseKey, sha256: String = "", query: [(name: String, value: String)] = []
    ) -> String {
        let parts = template.split(separator: "/").map { part in
            switch part {
            case "{attempt}": key.attempt.description
            case "{sha256}": sha256.urlSegment
            default: String(part)
            }
        }
        let named = [("job", key.job.description), ("epoch", String(key.epoch))] + query.map { ($0.name, $0.value) }
        return "/" + parts.joined(separator: "/") + "?"
            + named.map { "\($0.0)=\($0.1.urlSegment)" }.joined(separator: "&")
    }
}
