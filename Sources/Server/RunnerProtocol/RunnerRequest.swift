import FoundationEssentials
import Hummingbird
import NIOCore
import PipelineModel
import ServiceLifecycle
import Store

/// A call of a runner whose credential was found good.
struct RunnerRequest: Sendable {
    let request: Request
    let parameters: Parameters
    /// Who calls.
    let runner: StoredRunner
    /// The hash of the credential that was shown.
    let shown: [UInt8]
    /// What carries it out, for this runner.
    let coordinator: LocalCoordinator

    /// The request's body as JSON.
    func value<Value: Decodable>(_ type: Value.Type = Value.self) async throws -> Value {
        try await request.body.decoded(upTo: RunnerProtocol.requestLimit)
    }

    /// A number of the query that is not negative, and not so large that reckoning with it could overflow.
    func number(_ name: String) throws -> Int64 {
        guard let number = request.uri.queryParameters[name[...]].flatMap({ Int64($0) }),
            (0...(1 << 53)).contains(number)
        else { throw RunnerRefusal(.refused, "the query parameter \(name) must be a number from 0 to 2^53") }
        return number
    }

    /// How long the runner waits for an answer, at most as long as the protocol lets it.
    func wait() throws -> Duration { min(.milliseconds(try number("waitMs")), RunnerProtocol.longestWait) }
}

extension RequestBody {
    /// The whole body as JSON.
    /// - Throws: `RunnerRefusal`.
    func decoded<Value: Decodable>(as type: Value.Type = Value.self, upTo limit: Int) async throws -> Value {
        let bytes = try await bytes(upTo: limit)
        do {
            return try JSONDecoder().decode(Value.self, from: Data(bytes))
        } catch {
            throw RunnerRefusal(
                .refused, "the request's body is not the JSON that this path takes; docs/runner-protocol.md shows it")
        }
    }

    /// The whole body, not longer than it may be.
    /// - Throws: `RunnerRefusal`.
    func bytes(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await part in self {
            guard bytes.count + part.readableBytes <= limit else { throw RunnerRefusal.tooLong(limit) }
            bytes += part.readableBytesView
        }
        return bytes
    }

    /// Works on the body and then waits for something to happen; ends early, with nil, when the server stops, and is
    /// cancelled when the caller goes away.
    func waiting<Value: Sendable>(
        _ work: @escaping @Sendable (RequestBody) async throws -> Value?
    ) async throws -> Value? {
        try await consumeWithCancellationOnInboundClose { body in
            try await cancelWhenGracefulShutdown { try await work(body) }
        }
    }
}
