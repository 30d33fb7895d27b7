import FoundationEssentials
import Forges

/// A way for the forge's API to fail on demand.
public struct Outage: Sendable {
    /// What a request gets instead of its answer.
    public enum Kind: String, Sendable, CaseIterable {
        /// 500, and nothing is done.
        case internalError = "500"
        /// 502, though what was asked for was done: the answer is lost.
        case lostAnswer = "502-after"
        /// 403 with `Retry-After`: GitHub's secondary limit.
        case forbidden = "403"
        /// 429 with `Retry-After`: GitLab's throttle.
        case tooMany = "429"
        /// GitHub's primary limit: nothing is left until `X-RateLimit-Reset`.
        case exhausted
        /// 422, as for a status that the forge does not want.
        case unprocessable = "422"
        /// No answer until the outage is lifted.
        case hang
        /// The connection is cut.
        case down
    }

    /// What happens.
    public var kind: Kind
    /// How many requests it hits; it ends with the last.
    public var count: Int
    /// A part of the path that a request must have to be hit; nil hits all of the API.
    public var matching: String?
    /// What `Retry-After` says, or how far away the reset is.
    public var retryAfterSeconds: Int

    /// Describes an outage.
    public init(_ kind: Kind, count: Int = .max, matching: String? = nil, retryAfterSeconds: Int = 1) {
        self.kind = kind
        self.count = count
        self.matching = matching
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// Reads what `POST /_stub/outage` was sent.
    init(_ body: JSONValue?) throws {
        guard let kind = body?["kind"]?.text.flatMap(Kind.init(rawValue:)) else {
            throw StubForgeError("kind is one of \(Kind.allCases.map(\.rawValue).joined(separator: " "))")
        }
        self.init(
            kind, count: body?["count"]?.whole.map { Int(clamping: $0) } ?? .max, matching: body?["matching"]?.text,
            retryAfterSeconds: body?["retry_after"]?.whole.map { Int(clamping: $0) } ?? 1)
    }
}

extension StubForge {
    /// Makes API requests fail until `count` of them have, or `endOutages` is called. Several stand in line.
    public func begin(_ outage: Outage) { change { $0.outages.append(outage) } }

    /// Ends every outage. Requests that hang are answered as usual.
    public func endOutages() {
        change { state in
            state.outages = []
            state.record.outagesEnded += 1
        }
    }

    /// The outage that hits a request, counted down.
    func nextOutage(for path: String) -> Outage? {
        change { state in
            guard let index = state.outages.firstIndex(where: { $0.matching.map(path.contains) ?? true }) else {
                return nil
            }
            let outage = state.outages[index]
            state.outages[index].count -= 1
            if state.outages[index].count <= 0 { state.outages.remove(at: index) }
            return outage
        }
    }
}
