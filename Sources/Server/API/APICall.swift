import FoundationEssentials
import Hummingbird
import PipelineModel
import Store

/// A request whose token was found good, with what handlers ask of it.
struct APICall: Sendable {
    let request: Request
    let parameters: Parameters
    let token: Token
    let environment: APIEnvironment

    var store: Store { environment.store }
    var now: Timestamp { environment.now() }
    /// Who asks, for the audit.
    var by: String { token.name }

    /// A query parameter, decoded; nil when it is missing or empty.
    func query(_ name: String) -> String? {
        guard let value = request.uri.queryParameters[name[...]], !value.isEmpty else { return nil }
        return String(value)
    }

    /// Whether a query parameter says yes.
    func flag(_ name: String) -> Bool { query(name) == "true" }

    /// A query parameter that is a number within a range.
    func number<Number: FixedWidthInteger>(
        _ name: String, in range: ClosedRange<Number>, default fallback: Number
    ) throws -> Number {
        guard let text = query(name) else { return fallback }
        guard let number = Number(text), range.contains(number) else {
            throw APIRefusal(
                .invalid, "\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A query parameter that must be there.
    func required(_ name: String) throws -> String {
        guard let value = query(name) else { throw APIRefusal(.invalid, "the query parameter \(name) is missing") }
        return value
    }

    /// The number in the path.
    func id<ID: RowIdentifier>(_ type: ID.Type = ID.self) throws -> ID {
        guard let text = parameters.get("id"), let number = Int64(text) else {
            throw APIRefusal(.invalid, "\"\(parameters.get("id") ?? "")\" is not a number")
        }
        return ID(rawValue: number)
    }

    /// The request's body, decoded.
    func body<Value: Decodable>(_ type: Value.Type = Value.self, upTo limit: Int = 2 << 20) async throws -> Value {
        var bytes: [UInt8] = []
        for try await var part in request.body {
            let count = part.readableBytes
            guard bytes.count + count <= limit else {
                throw APIRefusal(.invalid, "the request's body is longer than \(limit) bytes")
            }
            bytes += part.readBytes(length: count) ?? []
        }
        do {
            return try JSONDecoder().decode(Value.self, from: Data(bytes))
        } catch {
            throw APIRefusal(.invalid, "the request's body is not the JSON this path takes; docs/api.md shows it")
        }
    }

    /// The pipeline whose number is in the path.
    func pipeline() async throws -> PipelineDetail {
        let id: PipelineID = try id()
        guard let detail = try await store.pipeline(id) else {
            throw APIRefusal(.notFound, "there is no pipeline #\(id).  pawl list")
        }
        return detail
    }

    /// The job that the query names.
    func job(of detail: PipelineDetail) throws -> StoredJob {
        let name = try required("job")
        if let job = detail.job(named: name) { return job }
        let id = detail.pipeline.id
        let names = detail.jobs.map(\.name)
        if names.isEmpty { throw APIRefusal(.notFound, "#\(id) has no jobs.  pawl show \(id)") }
        let seeds = detail.plan?.jobs.filter { $0.node == name }.map(\.name) ?? []
        if let first = seeds.first {
            throw APIRefusal(.notFound, "\(id)/\(name) has \(seeds.count) seeds: name one, such as \(id)/\(first)")
        }
        let guess = NearestName.of(name, among: names).map { " Did you mean \($0)?" } ?? ""
        throw APIRefusal(
            .notFound, "\(id)/\(name): no such job in #\(id).\(guess) It has: \(names.joined(separator: " "))")
    }

    /// The repository of that name; the last part of its path is enough where only one ends so.
    func repository(_ name: String) async throws -> StoredRepository {
        let found = try await store.repositories(named: name)
        if found.count == 1, let repository = found.first { return repository }
        guard found.isEmpty else {
            let names = found.map { "\($0.reference.name) (\($0.reference.forge))" }.joined(separator: ", ")
            throw APIRefusal(.invalid, "\(name) may be any of \(names): write the whole path")
        }
        let all = try await store.repositories().map(\.reference.name)
        let guess = NearestName.of(name, among: all).map { " Did you mean \($0)?" } ?? ""
        throw APIRefusal(.notFound, "there is no repository \(name).\(guess)  pawl repo list")
    }
}
