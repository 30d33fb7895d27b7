import Evaluation
import Executors
import Foundation
import HTTPTransport
import NIOConcurrencyHelpers
import PipelineModel

@testable import Runner

/// An attempt's endpoint on loopback, with a folder that goes away with it, and a client of it.
final class MLflowFixture: Sendable {
    static let token = "token-of-the-attempt"
    private static let client = HTTPClient()

    let folder: String
    let artifacts: String
    private let ids = NIOLockedValueBox(0)

    init(folder: String = NSTemporaryDirectory() + "pawl-mlflow-\(UUID().uuidString)") throws {
        self.folder = folder
        artifacts = folder + "/mlartifacts"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The file that has what was logged.
    var file: String { folder + "/mlflow" }

    /// What was logged.
    func report() throws -> MetricReport? { try MLflowBook.report(at: file) }

    /// The book of the attempt, as each process of a runner opens it.
    func book() throws -> MLflowBook {
        try MLflowBook(
            MLflowAPI(artifactFolder: artifacts, experiment: "ml/churn"), at: file,
            now: { Timestamp(milliseconds: 1_000) },
            newID: { [ids] in
                let number = ids.withLockedValue { ids in
                    ids += 1
                    return ids
                }
                return String(repeating: "0", count: 24) + String(10_000_000 + number)
            })
    }

    /// Lends an endpoint.
    @discardableResult
    func serving<Result: Sendable>(
        port: Int = 0, network: String = "127.0.0.0/8", limits: MLflowEndpoint.Limits = .init(),
        _ body: (MLflowEndpoint) async throws -> Result
    ) async throws -> Result {
        let book = try book()
        let doorway = Doorway(address: "127.0.0.1", network: IPv4Range(network) ?? .jobNetworks)
        let endpoint = try await MLflowEndpoint(at: doorway, port: port, token: Self.token, limits: limits) {
            book.answer($0)
        }
        do {
            let result = try await body(endpoint)
            await endpoint.close()
            return result
        } catch {
            await endpoint.close()
            throw error
        }
    }

    /// What came back, read as far as tests ask.
    struct Answer: Sendable {
        var status: Int
        var text: String

        /// The value of a text field, wherever it is.
        func field(_ name: String) -> String {
            text.range(of: "\"\(name)\":\"").map { String(text[$0.upperBound...].prefix { $0 != "\"" }) } ?? ""
        }
    }

    /// Sends a request.
    static func ask(
        _ endpoint: MLflowEndpoint, _ method: String, _ path: String, _ body: HTTPRequest.Body = .none,
        token: String? = MLflowFixture.token
    ) async throws -> Answer {
        let headers = token.map { [("Authorization", "Bearer \($0)")] } ?? []
        let answer = try await client.send(
            HTTPRequest(
                method, "http://127.0.0.1:\(endpoint.port)/api/2.0/mlflow/\(path)",
                headers: headers + [("Content-Type", "application/json")], body: body))
        return Answer(
            status: answer.status, text: String(decoding: try await answer.collect(upTo: 8 << 20), as: UTF8.self))
    }

    static func post(_ endpoint: MLflowEndpoint, _ path: String, _ json: String) async throws -> Answer {
        try await ask(endpoint, "POST", path, .bytes(Array(json.utf8)))
    }

    /// Begins a run.
    static func run(_ endpoint: MLflowEndpoint) async throws -> String {
        try await post(endpoint, "runs/create", #"{"experiment_id": "1"}"#).field("run_id")
    }

    static func log(_ value: Double, at step: Int, to run: String, _ endpoint: MLflowEndpoint) async throws -> Int {
        try await post(
            endpoint, "runs/log-metric",
            #"{"run_id": "\#(run)", "key": "loss", "value": \#(value), "timestamp": 1, "step": \#(step)}"#
        ).status
    }
}
