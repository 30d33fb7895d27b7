import Foundation
import HTTPTransport
import NIOConcurrencyHelpers
import PipelineModel
import Testing

@testable import Executors

@Suite("a container whose end was lost with the engine")
struct LostEndTests {
    private static let container = ContainerHandle(
        id: "c1", labels: ContainerLabels(instance: "lost", key: LeaseKey(job: 1, attempt: 1, epoch: 1)))

    @Test("an end that the engine does not know is the engine's failure, not the script's")
    func unknownEnd() async throws {
        let engine = RestartedEngine(states: [(false, 255)])
        let error = await #expect(throws: ExecutorError.self) { try await engine.executor.run(Self.container) { _ in } }
        #expect(error?.code == .engineFailed)
        #expect(error?.message.contains("without knowing how the container ended") == true)
    }

    @Test("an end that the engine knows counts", arguments: [0, 7])
    func knownEnd(code: Int) async throws {
        let engine = RestartedEngine(states: [(false, code)])
        let exit = try await engine.executor.run(Self.container) { _ in }
        #expect(exit.code == code && exit.mayLackOutput)
    }

    @Test("a container that still ran and then ended with 255 ended so itself")
    func ownEnd() async throws {
        let engine = RestartedEngine(states: [(true, 0), (false, 255)])
        #expect(try await engine.executor.run(Self.container) { _ in }.code == 255)
    }

    @Test("a record that the engine never ends is left when the container has ended")
    func endlessRecord() async throws {
        let engine = RestartedEngine(states: [(true, 0), (true, 0), (false, 3)], endsRecord: false)
        let output = NIOLockedValueBox("")
        let exit = try await engine.executor.run(Self.container) { piece in
            output.withLockedValue { $0 += String(decoding: piece.bytes, as: UTF8.self) }
        }
        #expect(exit.code == 3 && exit.mayLackOutput)
        #expect(output.withLockedValue { $0 }.contains("line"))
    }
}

/// An engine that breaks off the attachment and the wait, and is back at once with what it knows then.
private struct RestartedEngine: HTTPSender {
    /// Whether the container runs, and its exit code, at each look; the last holds on.
    private let states: NIOLockedValueBox<[(running: Bool, code: Int)]>
    private let endsRecord: Bool

    init(states: [(running: Bool, code: Int)], endsRecord: Bool = true) {
        // The first look is the meter's, right after the start.
        self.states = NIOLockedValueBox([(true, 0)] + states)
        self.endsRecord = endsRecord
    }

    var executor: DockerExecutor {
        DockerExecutor(
            engine: DockerEngine(socket: "/engine.sock", sender: self),
            settings: .init(instance: "lost", sweepEvery: .milliseconds(5)))
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let path = request.url.split(separator: "?")[0]
        if path.hasSuffix("/version") { return Self.answer(#"{"Version": "25", "ApiVersion": "1.44"}"#) }
        if path.hasSuffix("/c1/json") { return Self.answer(state()) }
        if path.hasSuffix("/c1/logs") { return record(ends: endsRecord || request.url.contains("follow=0")) }
        if path.hasSuffix("/c1/attach") || request.url.hasSuffix("next-exit") { return Self.brokenAnswer }
        if path.hasSuffix("/c1/wait") { return Self.answer(#"{"StatusCode": 0}"#) }
        return Self.answer("")
    }

    private func state() -> String {
        let now = states.withLockedValue { $0.count > 1 ? $0.removeFirst() : $0[0] }
        return """
            {"Id": "c1", "Image": "sha256:1", "Config": {}, "State":
             {"Status": "\(now.running ? "running" : "exited")", "Running": \(now.running), "ExitCode": \(now.code)}}
            """
    }

    private func record(ends: Bool) -> HTTPResponse {
        let frame: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 5] + Array("line\n".utf8)
        return HTTPResponse(
            status: 200, headers: HTTPHeaders(),
            body: AsyncThrowingStream { continuation in
                continuation.yield(frame)
                if ends { continuation.finish() }
            })
    }

    private static func answer(_ text: String) -> HTTPResponse {
        HTTPResponse(
            status: 200, headers: HTTPHeaders(),
            body: AsyncThrowingStream { continuation in
                continuation.yield(Array(text.utf8))
                continuation.finish()
            })
    }

    private static var brokenAnswer: HTTPResponse {
        HTTPResponse(
            status: 200, headers: HTTPHeaders(),
            body: AsyncThrowingStream {
                $0.finish(throwing: HTTPError(.broken, message: "the engine went away"))
            })
    }
}
