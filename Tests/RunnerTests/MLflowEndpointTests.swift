import Evaluation
import Executors
import Foundation
import HTTPTransport
import NIOConcurrencyHelpers
import PipelineModel
import TestSupport
import Testing

@testable import Runner

@Suite("where an attempt logs with MLflow's API", .timeLimit(.minutes(2)))
struct MLflowEndpointTests {
    private let fixture: MLflowFixture

    init() throws { fixture = try MLflowFixture() }

    @Test("what is logged over HTTP comes to metrics, curves and parameters")
    func logged() async throws {
        try await fixture.serving { endpoint in
            let run = try await MLflowFixture.run(endpoint)
            for step in 1...3 {
                #expect(try await MLflowFixture.log(1 / Double(step), at: step, to: run, endpoint) == 200)
            }
            let answer = try await MLflowFixture.post(
                endpoint, "runs/log-parameter", #"{"run_id": "\#(run)", "key": "lr", "value": "0.1"}"#)
            #expect(answer.status == 200 && answer.text == "{}")
            let read = try await MLflowFixture.ask(endpoint, "GET", "runs/get?run_id=\(run)")
            #expect(read.status == 200 && read.text.contains(#""key":"lr","value":"0.1""#), "\(read)")
        }
        let report = try fixture.report()
        #expect(report?.metrics == [Metric("loss", 1.0 / 3)])
        #expect(report?.curves.first?.points.count == 3)
        #expect(report?.parameters == [Parameter("lr", "0.1")])
    }

    // MARK: - Who may

    @Test("who does not show the attempt's token learns and changes nothing", arguments: [nil, "token-of-another", ""])
    func token(shown: String?) async throws {
        try await fixture.serving { endpoint in
            let answer = try await MLflowFixture.ask(
                endpoint, "POST", "runs/create", .bytes(Array(#"{"experiment_id": "1"}"#.utf8)), token: shown)
            #expect(answer.status == 401 && answer.field("error_code") == "UNAUTHENTICATED")
        }
        #expect(try fixture.report() == nil)
    }

    @Test("who is not in the container's network is not listened to")
    func network() async throws {
        try await fixture.serving(network: "10.213.0.0/28") { endpoint in
            await #expect(throws: HTTPError.self) { try await MLflowFixture.run(endpoint) }
        }
    }

    // MARK: - Hostile input

    @Test("a body that is too large is refused before it is read, whether it says so or not")
    func large() async throws {
        try await fixture.serving { endpoint in
            let run = try await MLflowFixture.run(endpoint)
            let bytes = [UInt8](repeating: 32, count: MLflowRequest.bodyLimit + 1)
            for body in [HTTPRequest.Body.bytes(bytes), .stream(Self.endless(), length: nil)] {
                let answer = try await MLflowFixture.ask(endpoint, "POST", "runs/log-batch", body)
                #expect(answer.status == 413 && answer.field("error_code") == "REQUEST_LIMIT_EXCEEDED")
            }
            #expect(try await MLflowFixture.log(1, at: 1, to: run, endpoint) == 200)
        }
    }

    /// A gigabyte, a piece at a time.
    private static func endless() -> AsyncThrowingStream<[UInt8], any Error> {
        let left = NIOLockedValueBox(16_384)
        return AsyncThrowingStream {
            let isOver = left.withLockedValue { left in
                left -= 1
                return left < 0
            }
            return isOver ? nil : [UInt8](repeating: 32, count: 64 << 10)
        }
    }

    @Test(
        "a request that stops in the middle ends its connection in time, and others go on",
        arguments: [
            "POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: x\r\n",
            "POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-of-the-attempt\r\n"
                + "Content-Length: 100\r\n\r\n{",
            "GET \0", "",
        ])
    func slow(text: String) async throws {
        var limits = MLflowEndpoint.Limits()
        limits.idle = .milliseconds(300)
        limits.body = .milliseconds(300)
        try await fixture.serving(limits: limits) { endpoint in
            let socket = try RawSocket(port: endpoint.port)
            socket.write(text)
            #expect(try await MLflowFixture.run(endpoint) != "")
            let answer = try await socket.untilClosed()
            #expect(!answer.contains("200 OK"))
            if text.hasSuffix("{") { #expect(answer.contains("408") && answer.contains("TEMPORARILY_UNAVAILABLE")) }
        }
    }

    @Test("there are only so many connections at once; one that ends makes room")
    func connections() async throws {
        var limits = MLflowEndpoint.Limits()
        limits.connections = 2
        try await fixture.serving(limits: limits) { endpoint in
            let held = try [RawSocket(port: endpoint.port), RawSocket(port: endpoint.port)]
            // Each is taken when it is answered.
            for socket in held {
                socket.write("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-of-the-attempt\r\n\r\n")
                #expect(try await socket.until("ENDPOINT_NOT_FOUND"))
            }
            #expect(try await RawSocket(port: endpoint.port).untilClosed() == "")
            held[0].end()
            // It is gone at some moment soon.
            var status = 0
            while status != 200 {
                status = (try? await MLflowFixture.ask(endpoint, "GET", "experiments/get?experiment_id=0").status) ?? 0
            }
        }
    }

    @Test("one request after the other is answered on a connection, also when they come at once")
    func pipelined() async throws {
        try await fixture.serving { endpoint in
            let socket = try RawSocket(port: endpoint.port)
            let head = "GET /api/2.0/mlflow/experiments/get?experiment_id="
            let rest = " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-of-the-attempt\r\n"
            socket.write("\(head)0\(rest)\r\n\(head)1\(rest)Connection: close\r\n\r\n")
            let answer = try await socket.untilClosed()
            let names = answer.components(separatedBy: "\"name\":\"").dropFirst().map { $0.prefix { $0 != "\"" } }
            #expect(names == ["Default", "ml/churn"])
        }
    }

    // MARK: - The next process

    @Test("the next process listens at the same address and knows what was answered, but not what was cut")
    func restart() async throws {
        let (port, run) = try await fixture.serving { endpoint -> (Int, String) in
            let run = try await MLflowFixture.run(endpoint)
            #expect(try await MLflowFixture.log(0.5, at: 1, to: run, endpoint) == 200)
            return (endpoint.port, run)
        }
        let whole = try Data(contentsOf: URL(filePath: fixture.file))
        // Cut in the middle of what would be the next change.
        try (whole + whole.suffix(20).dropLast()).write(to: URL(filePath: fixture.file))
        try await fixture.serving(port: port) { (endpoint: MLflowEndpoint) async throws -> Void in
            #expect(endpoint.port == port)
            #expect(try await MLflowFixture.log(0.25, at: 2, to: run, endpoint) == 200)
        }
        let report = try fixture.report()
        #expect(
            report?.curves == [Curve(name: "loss", points: [.init(step: 1, value: 0.5), .init(step: 2, value: 0.25)])])
        #expect(report?.remarks == [])
    }

    @Test("a change that does not reach the disk is not said to be kept, and harms nothing that did", .needsRoot)
    func fullDisk() async throws {
        let disk = NSTemporaryDirectory() + "pawl-mlflow-disk-\(UUID().uuidString)"
        try SmallDisk.mount(at: disk, megabytes: 1)
        defer {
            SmallDisk.unmount(disk)
            try? FileManager.default.removeItem(atPath: disk)
        }
        let fixture = try MLflowFixture(folder: disk + "/attempt")
        let book = try fixture.book()
        func ask(_ path: String, _ json: String) -> (status: Int, body: [UInt8]) {
            book.answer(MLflowRequest("POST", "/api/2.0/mlflow/\(path)", body: Array(json.utf8)))
        }
        let begun = ask("runs/create", #"{"experiment_id": "1", "run_name": "a"}"#)
        let run = MLflowFixture.Answer(status: 200, text: String(decoding: begun.body, as: UTF8.self)).field("run_id")
        func log(_ step: Int) -> Int {
            ask("runs/log-metric", #"{"run_id": "\#(run)", "key": "loss", "value": \#(step), "step": \#(step)}"#).status
        }
        try SmallDisk.fill(with: disk + "/filler")
        // What is left of the file's last page still takes some.
        var kept: [Int64] = []
        var step = 0
        while log(step) == 200, step < 1_000 {
            kept.append(Int64(step))
            step += 1
        }
        #expect(step < 1_000 && log(step) == 500)
        try FileManager.default.removeItem(atPath: disk + "/filler")
        #expect(log(5_000) == 200)
        #expect(try fixture.report()?.curves.first?.points.map(\.step) == kept + [5_000])
    }

    @Test("a file that has grown long is written anew with what still counts")
    func compaction() throws {
        let path = fixture.file
        var record = MLflowRecord()
        var spool = try MLflowSpool(path, size: 0)
        func add(_ change: MLflowRecord.Change) throws {
            try spool.append(change)
            record.apply(change)
        }
        try add(.run(id: "a", experiment: "1", name: "a", start: 1, tags: []))
        var step: Int64 = 0
        while !spool.isLong {
            let samples = (0..<1_000).map { _ in
                step += 1
                return MLflowSample(name: "loss", value: MetricValue(Double(step)), timestamp: 1, step: step)
            }
            try add(.log(run: "a", samples: samples, parameters: [], tags: []))
        }
        spool = try spool.replaced(with: record.changes)
        #expect(!spool.isLong)
        try add(.log(run: "a", samples: [], parameters: [Parameter("lr", "1")], tags: []))
        let (changes, size) = try MLflowSpool.read(path)
        #expect(size < 1 << 20)
        var again = MLflowRecord()
        for change in changes { again.apply(change) }
        #expect(again.report == record.report && again.report.metrics == [Metric("loss", Double(step))])
    }
}
