import Foundation
import HTTPTransport
import NIOConcurrencyHelpers
import PipelineModel
import Runner
import Store
import Testing

@testable import Server

/// What a runner on another machine does by itself when the network or its own process fails.
@Suite("A remote runner", .timeLimit(.minutes(4)))
struct RemoteRunnerTests {
    @Test("tells the result of an earlier process after a restart, with the credential of its file")
    func restart() async throws {
        try await CoordinatorBench.serve(.http) { bench in
            let id = try await bench.pipeline([.plain()])
            let key = try await bench.start().key
            try await bench.restarted().complete(key, with: AttemptResult(finishedAt: bench.server.now))
            #expect(try await bench.job("test", of: id).state == .passed)
            let mode = try FileManager.default.attributesOfItem(atPath: bench.credentialFile)[.posixPermissions]
            #expect(mode as? Int == 0o600)
            // Nothing is left of an attempt that is over.
            #expect(try FileManager.default.contentsOfDirectory(atPath: bench.tokenFolder).isEmpty)
        }
    }

    @Test("knows after a restart what it had in hand, and gives it back: it is handed out again at once")
    func givenBack() async throws {
        try await CoordinatorBench.serve(.http) { bench in
            let id = try await bench.pipeline([.plain()])
            let key = try await bench.start().key
            let next = try bench.restarted()
            #expect(next.inHand == [key])
            try await next.giveBack(key, because: "the runner ended before the job had begun")
            #expect(try bench.restarted().inHand.isEmpty)
            #expect(try await bench.job("test", of: id).state == .ready)
        }
    }

    @Test("uses a new credential only once it is in its file")
    func rotation() async throws {
        try await CoordinatorBench.serve(.http) { bench in
            let before = try String(contentsOfFile: bench.credentialFile, encoding: .utf8)
            try await bench.restarted().rotateCredential()
            let after = try String(contentsOfFile: bench.credentialFile, encoding: .utf8)
            #expect(before != after && after.hasPrefix("prc_"))
            // A restart finds it, and the server takes it.
            try await bench.pipeline([.plain()])
            #expect(try await bench.restarted().claim(bench.request) != nil)
        }
    }

    @Test("sends an artifact on from where the server has it when the connection broke")
    func upload() async throws {
        try await CoordinatorBench.serve(.http) { bench in
            let id = try await bench.pipeline([.plain()])
            let key = try await bench.start().key
            let bytes = TestBytes.of(10 << 20)
            let artifact = try TestBytes.reference(to: bytes)
            let sender = FlakySender(bench.server.client)
            let coordinator = try bench.restarted(sender: sender)
            sender.breakAfter(puts: 1)
            await #expect(throws: CoordinatorError.unavailable("broken on purpose")) {
                try await coordinator.store(artifact, content: TestBytes.stream(bytes), for: key)
            }
            try await coordinator.store(artifact, content: TestBytes.stream(bytes), for: key)
            #expect(sender.sentBytes == bytes.count)
            #expect(try await bench.job("test", of: id).attempts.first?.artifacts.map(\.sha256) == [artifact.sha256])
        }
    }

    @Test("reads an artifact on from where the connection broke")
    func download() async throws {
        try await CoordinatorBench.serve(.http) { bench in
            let first = PlannedJob.plain("first") { $0.artifacts = .init(paths: ["x"]) }
            try await bench.pipeline([first, .plain("second") { $0.needs = [.init(job: "first")] }])
            let bytes = TestBytes.of(3 << 20)
            let artifact = try TestBytes.reference(to: bytes)
            let key = try await bench.start().key
            try await bench.coordinator.store(artifact, content: TestBytes.stream(bytes), for: key)
            try await bench.coordinator.complete(key, with: AttemptResult(finishedAt: bench.server.now))
            let second = try await bench.start().key
            let sender = FlakySender(bench.server.client)
            let coordinator = try bench.restarted(sender: sender)
            sender.breakDownload()
            var arrived: [UInt8] = []
            for try await part in try await coordinator.artifact(artifact.sha256, for: second) { arrived += part }
            #expect(arrived == bytes)
            #expect(sender.ranges.count == 1)
        }
    }

    @Test("takes what a proxy says for no word of its server's", arguments: [301, 401, 404, 409, 410, 502])
    func proxy(_ status: Int) async throws {
        try await CoordinatorBench.serve(.http) { bench in
            try await bench.pipeline([.plain()])
            let key = try await bench.start().key
            let coordinator = try bench.restarted(sender: FixedSender(status: status))
            await #expect(throws: CoordinatorError.unavailable("\(bench.server.runnerServer.url) answers \(status)")) {
                try await coordinator.complete(key, with: AttemptResult(finishedAt: bench.server.now))
            }
        }
    }
}

extension CoordinatorBench {
    var credentialFile: String { "\(folder)/r.credential" }
    var tokenFolder: String { "\(folder)/r.tokens" }

    /// The coordinator of a runner process that starts anew.
    func restarted(sender: (any HTTPSender)? = nil) throws -> HTTPCoordinator {
        let url = server.runnerServer.url
        return try HTTPCoordinator(
            server: RunnerServer(url: url, sender: sender ?? server.client),
            credential: try RunnerCredential(file: credentialFile), tokensIn: tokenFolder)
    }
}

/// Answers every request with a status and a page that is nobody's.
private struct FixedSender: HTTPSender {
    var status: Int

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        HTTPResponse(
            status: status, headers: HTTPHeaders(),
            body: AsyncThrowingStream { continuation in
                continuation.yield(Array("<html>".utf8))
                continuation.finish()
            })
    }
}

/// Sends through the real client, and breaks when it is told to.
private final class FlakySender: HTTPSender {
    private struct State {
        var putsBeforeBreaking: Int?
        var breaksDownload = false
        var sentBytes = 0
        var ranges: [String] = []
    }

    private let client: HTTPClient
    private let state = NIOLockedValueBox(State())

    init(_ client: HTTPClient) { self.client = client }

    func breakAfter(puts count: Int) { state.withLockedValue { $0.putsBeforeBreaking = count } }
    func breakDownload() { state.withLockedValue { $0.breaksDownload = true } }

    /// How many bytes of artifacts have arrived.
    var sentBytes: Int { state.withLockedValue { $0.sentBytes } }
    /// The ranges that were asked for.
    var ranges: [String] { state.withLockedValue { $0.ranges } }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        if request.method == "PUT", case .bytes(let bytes) = request.body {
            let breaks = state.withLockedValue { state in
                if state.putsBeforeBreaking == 0 {
                    state.putsBeforeBreaking = nil
                    return true
                }
                state.putsBeforeBreaking = state.putsBeforeBreaking.map { $0 - 1 }
                state.sentBytes += bytes.count
                return false
            }
            if breaks { throw HTTPError(.broken, message: "broken on purpose") }
        }
        if let range = request.headers.first(where: { $0.name == "Range" }) {
            state.withLockedValue { $0.ranges.append(range.value) }
        }
        var response = try await client.send(request)
        let breaks = state.withLockedValue { state in
            defer { state.breaksDownload = false }
            return state.breaksDownload
        }
        if breaks {
            let body = response.body
            let left = NIOLockedValueBox(3)
            response.body = AsyncThrowingStream {
                let count = left.withLockedValue { left in
                    left -= 1
                    return left
                }
                guard count >= 0 else { throw HTTPError(.broken, message: "broken on purpose") }
                var iterator = body.makeAsyncIterator()
                return try await iterator.next()
            }
        }
        return response
    }
}
