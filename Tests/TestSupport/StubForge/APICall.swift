import FoundationEssentials
import Forges

/// An API request as a handler sees it.
struct APICall: Sendable {
    let method: String
    /// The path as it was sent, with its query.
    let target: String
    let query: [String: String]
    let body: JSONValue?
    let credential: StubCredential
    let accept: String?
    /// What the route's template named, decoded.
    var parameters: [String: String] = [:]

    /// A parameter of the route; empty where the template has none of that name.
    subscript(_ name: String) -> String { parameters[name] ?? "" }

    /// A parameter that is a number; -1 where it is none.
    func number(_ name: String) -> Int64 { Int64(self[name]) ?? -1 }

    /// The part of a list that the query's page asks for.
    func page<Element>(of elements: [Element]) -> [Element] {
        let size = min(max(query["per_page"].flatMap(Int.init) ?? 30, 1), 100)
        let page = max(query["page"].flatMap(Int.init) ?? 1, 1)
        return Array(elements.dropFirst((page - 1) * size).prefix(size))
    }
}

/// An answer of the API.
struct APIAnswer: Sendable {
    var status: Int
    var body: JSONValue?
    var headers: [(name: String, value: String)] = []
    /// Bytes that are no JSON, with their type.
    var raw: (bytes: [UInt8], type: String)?

    static func ok(_ body: JSONValue) -> APIAnswer { APIAnswer(status: 200, body: body) }
    static func created(_ body: JSONValue) -> APIAnswer { APIAnswer(status: 201, body: body) }
    static let noContent = APIAnswer(status: 204)

    /// A refusal in the words of both forges.
    static func refused(_ status: Int, _ message: String) -> APIAnswer {
        APIAnswer(status: status, body: ["message": .string(message)])
    }

    /// GitHub's 422 with its list of errors.
    static func invalid(_ resource: String, _ field: String, _ message: String) -> APIAnswer {
        APIAnswer(
            status: 422,
            body: [
                "message": "Validation Failed", "documentation_url": "https://docs.github.com/rest",
                "errors": [
                    [
                        "resource": .string(resource), "code": "custom", "field": .string(field),
                        "message": .string(message),
                    ]
                ],
            ])
    }
}

/// One operation of an API: a method, a path with `{parameters}`, and what carries it out. A parameter ending in `...`
/// takes all that is left of the path.
struct APIRoute: Sendable {
    typealias Handler = @Sendable (StubForge, APICall) async throws -> APIAnswer

    let method: String
    let template: [Substring]
    let handler: Handler

    init(_ method: String, _ path: String, _ handler: @escaping Handler) {
        self.method = method
        template = path.split(separator: "/")
        self.handler = handler
    }

    /// The parameters, decoded, when the path is one of this route's.
    func match(_ segments: [String]) -> [String: String]? {
        var parameters: [String: String] = [:]
        for (index, part) in template.enumerated() {
            guard index < segments.count else { return nil }
            guard part.hasPrefix("{") else {
                if part == segments[index] { continue }
                return nil
            }
            let name = part.dropFirst().dropLast()
            if name.hasSuffix("...") {
                parameters[String(name.dropLast(3))] = segments[index...].joined(separator: "/")
                return parameters
            }
            parameters[String(name)] = segments[index]
        }
        return template.count == segments.count ? parameters : nil
    }
}

/// A request's target, taken apart.
struct RequestTarget {
    /// The path's segments, decoded: `group%2Fproject` is one.
    let segments: [String]
    let query: [String: String]

    init(_ target: String) {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        segments = (halves.first ?? "").split(separator: "/").map(Self.decode)
        var query: [String: String] = [:]
        for pair in (halves.count > 1 ? halves[1] : "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[Self.decode(sides[0])] = sides.count > 1 ? Self.decode(sides[1]) : ""
        }
        self.query = query
    }

    private static func decode(_ text: Substring) -> String {
        text.replacing("+", with: " ").removingPercentEncoding ?? String(text)
    }
}
