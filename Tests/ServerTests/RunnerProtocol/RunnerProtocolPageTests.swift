import Foundation
import PipelineModel
import Testing
import Yams

@testable import Server

/// Holds `docs/runner-protocol.yaml` true.
@Suite("The description of the runner protocol")
struct RunnerProtocolPageTests {
    private let page: Node

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let text = try String(contentsOf: root.appending(path: "docs/runner-protocol.yaml"), encoding: .utf8)
        page = try #require(try Yams.compose(yaml: text))
    }

    /// One call as the page has it.
    private struct Operation {
        var id: String
        var method: String
        var path: String
        var node: Node
    }

    /// Calls that only installing a runner needs are no part of the protocol between runner and server.
    private func operations() throws -> [Operation] {
        let paths = try #require(page["paths"]?.mapping)
        return try paths.flatMap { path, calls in
            try #require(calls.mapping).compactMap { method, node in
                if node["tags"]?.sequence?.contains(where: { $0.string == "installation" }) == true { return nil }
                return Operation(
                    id: try #require(node["operationId"]?.string), method: try #require(method.string).uppercased(),
                    path: try #require(path.string), node: node)
            }
        }
    }

    @Test("has every call that the server answers, and no other")
    func calls() throws {
        let described = try operations().map { "\($0.id) \($0.method) \($0.path)" }
        #expect(described.sorted() == RunnerCall.allCases.map { "\($0.rawValue) \($0.method) \($0.template)" }.sorted())
    }

    @Test("says what each call has to show, and how it may be refused")
    func demands() throws {
        for operation in try operations() {
            let call = try #require(RunnerCall(rawValue: operation.id))
            let parameters = operation.node["parameters"]?.sequence?.compactMap { $0["$ref"]?.string } ?? []
            #expect(
                parameters.contains("#/components/parameters/attemptToken") == (call.credential == .runnerAndAttempt))
            #expect(parameters.contains("#/components/parameters/sha256") == call.template.contains("{sha256}"))
            let showsJoinToken = operation.node["security"]?.sequence?.first?["joinToken"] != nil
            #expect(showsJoinToken == (call.credential == .joinToken))
            let statuses = Set(operation.node["responses"]?.mapping?.keys.compactMap(\.string) ?? [])
            let general = ["401", "429", "503"] + (call == .join ? [] : ["410"])
            #expect(statuses.isSuperset(of: general), "\(operation.id)")
            #expect(statuses.contains("409") == (call.credential != .runner), "\(operation.id)")
        }
    }

    @Test("knows every refusal, with its status")
    func refusals() throws {
        let words = page["components"]?["schemas"]?["ErrorAnswer"]?["properties"]?["error"]?["enum"]?.sequence
        let known = RunnerProtocol.Refusal.allCases.map(\.rawValue)
        #expect(words?.compactMap(\.string).sorted() == known.sorted())
        let responses = try #require(page["components"]?["responses"]?.mapping)
        for (name, response) in responses {
            let example = try #require(response["content"]?["application/json"]?["example"])
            try roundTrip(example, as: RunnerProtocol.ErrorAnswer.self)
            try check(example, against: "ErrorAnswer", at: name.string ?? "")
        }
    }

    @Test("shows bodies that both ends read, with every key they know in them")
    func examples() throws {
        for operation in try operations() {
            let call = try #require(RunnerCall(rawValue: operation.id))
            // A quoted number is a text as a key, and not found by one that is not.
            let answer = operation.node["responses"]?.mapping?.first { $0.key.string == "200" }?.value
            let bodies = [operation.node["requestBody"], answer]
            for (body, type) in zip(bodies, [call.requestType, call.answerType]) {
                let content = body?["content"]?["application/json"]
                #expect((content != nil) == (type != nil), "\(operation.id)")
                guard let content, let type else { continue }
                let example = try #require(content["example"])
                try roundTrip(example, as: type)
                let schema = try #require(content["schema"]?["$ref"]?.string?.split(separator: "/").last)
                #expect("\(type)" == schema, "\(operation.id)")
                try check(example, against: String(schema), at: operation.id)
            }
        }
    }

    /// Reads an example as the program does, and expects that writing it again gives the same.
    private func roundTrip<Value: Codable>(_ example: Node, as type: Value.Type) throws {
        let json = try JSONSerialization.data(withJSONObject: try #require(Self.plain(example)))
        let value = try JSONDecoder().decode(type, from: json)
        let again = try JSONSerialization.jsonObject(with: try JSONEncoder().encode(value))
        let first = try JSONSerialization.jsonObject(with: json)
        #expect(try Self.text(again) == Self.text(first))
    }

    private static func text(_ json: Any) throws -> String {
        String(
            decoding: try JSONSerialization.data(withJSONObject: json, options: [.sortedKeys, .prettyPrinted]),
            as: UTF8.self)
    }

    /// A node as JSON has it.
    private static func plain(_ node: Node) -> Any? {
        switch node {
        case .mapping(let mapping):
            var object: [String: Any] = [:]
            for (key, value) in mapping { object[key.string ?? ""] = plain(value) }
            return object
        case .sequence(let sequence): return sequence.compactMap(plain)
        case .scalar: return node.bool.flatMap { $0 as Any } ?? node.int ?? node.float ?? node.string
        case .alias: return nil
        }
    }

    /// Expects that a value is what a schema of the page says: its type, all that is required, and no unknown key.
    private func check(_ value: Node, against name: String, at place: String) throws {
        let schema = try #require(page["components"]?["schemas"]?[name], "\(name)")
        try check(value, schema, at: "\(place) \(name)")
    }

    private func check(_ value: Node, _ schema: Node, at place: String) throws {
        if let reference = schema["$ref"]?.string?.split(separator: "/").last {
            return try check(value, against: String(reference), at: place)
        }
        if let words = schema["enum"]?.sequence { #expect(words.contains { $0.string == value.string }, "\(place)") }
        switch schema["type"]?.string {
        case "object":
            let keys = Set(try #require(value.mapping, "\(place)").keys.compactMap(\.string))
            let required = Set(schema["required"]?.sequence?.compactMap(\.string) ?? [])
            #expect(required.isSubset(of: keys), "\(place)")
            guard let properties = schema["properties"]?.mapping else { return }
            for key in keys {
                let property = try #require(properties[Node(key)], "\(place).\(key) is not described")
                try check(try #require(value[key]), property, at: "\(place).\(key)")
            }
        case "array":
            let items = try #require(schema["items"], "\(place)")
            for item in try #require(value.sequence, "\(place)") { try check(item, items, at: place) }
        case "integer": #expect(value.int != nil, "\(place)")
        case "number": #expect(value.float != nil, "\(place)")
        case "boolean": #expect(value.bool != nil, "\(place)")
        case "string": #expect(value.scalar != nil, "\(place)")
        default: Issue.record("\(place) has no type")
        }
    }
}

extension RunnerCall {
    /// What a runner sends as JSON.
    fileprivate var requestType: (any Codable.Type)? {
        switch self {
        case .join: RunnerProtocol.JoinRequest.self
        case .claim: RunnerProtocol.ClaimQuestion.self
        case .keepArtifact, .keepCheckpoint: ArtifactReference.self
        case .complete: AttemptResult.self
        case .giveBack: RunnerProtocol.GiveBackRequest.self
        default: nil
        }
    }

    /// What the server answers as JSON.
    fileprivate var answerType: (any Codable.Type)? {
        switch self {
        case .join: RunnerProtocol.JoinAnswer.self
        case .rotateCredential: RunnerProtocol.CredentialAnswer.self
        case .claim: RunnerProtocol.ClaimAnswer.self
        case .acknowledge: RunnerProtocol.AssignmentAnswer.self
        case .heartbeat: RunnerProtocol.HeartbeatReply.self
        case .awaitStop: RunnerProtocol.StopAnswer.self
        case .appendLog, .storedArtifact, .sendArtifact: RunnerProtocol.StoredAnswer.self
        default: nil
        }
    }
}
