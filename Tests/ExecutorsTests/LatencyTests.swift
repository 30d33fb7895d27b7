import Executors
import Foundation
import HTTPTransport
import PipelineModel
import Testing

/// A benchmark, not a promise: prints figures with the engine's own cost beside them.
@Suite(
    "the executor's own cost",
    .enabled(if: ProcessInfo.processInfo.environment["PAWL_BENCHMARK"] != nil, "a benchmark: PAWL_BENCHMARK=1"),
    .serialized, .timeLimit(.minutes(2)))
struct LatencyTests {
    /// Calls the engine as directly as can be, one call after the other.
    private func bareCalls() async throws -> Duration {
        let body = #"{"Image":"pawl-test:tiny","Cmd":["true"],"HostConfig":{"NetworkMode":"none","Init":true}}"#
        let began = ContinuousClock.now
        let created = try await call("POST", "/containers/create", body: body)
        let id: Substring = try #require(created.split(separator: "\"").first { $0.count == 64 })
        _ = try await call("POST", "/containers/\(id)/start")
        _ = try await call("POST", "/containers/\(id)/wait?condition=not-running")
        let took = ContinuousClock.now - began
        _ = try await call("DELETE", "/containers/\(id)?force=1")
        return took
    }

    private func call(_ method: String, _ path: String, body: String? = nil) async throws -> String {
        let request = HTTPRequest(
            method, "http://docker\(path)", headers: [("Content-Type", "application/json")],
            body: body.map { .bytes(Array($0.utf8)) } ?? .none, unixSocket: Docker.socket)
        return String(decoding: try await Docker.client.send(request).collect(upTo: 1 << 20), as: UTF8.self)
    }

    @Test("a short job beside the engine's own calls for it")
    func overhead() async throws {
        let executor = Docker.executor()
        var bare: [Duration] = []
        var ours: [Duration] = []
        // Taken in turn, so that what else the machine does falls on both.
        for attempt in 1...7 {
            bare.append(try await bareCalls())
            let began = ContinuousClock.now
            let handle = try await executor.create(
                .shell("true", instance: "latency", attempt: Int64(attempt)))
            _ = try await executor.run(handle) { _ in }
            ours.append(ContinuousClock.now - began)
            try await executor.destroy(handle)
        }
        let (bareMedian, ourMedian) = (bare.sorted()[3], ours.sorted()[3])
        print("median of a short job: \(ourMedian.text), of the engine's calls alone: \(bareMedian.text)")
    }
}
