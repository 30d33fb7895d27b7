import Foundation
import HTTPTransport
import PipelineModel
import Signing
import Store
import Testing

@testable import Runner
@testable import Server

/// What somebody gets who has no right to it, or sends what is wrong.
@Suite("Against the runner protocol", .timeLimit(.minutes(4)))
struct RunnerAdversaryTests {
    /// A job that one runner has, and another runner that wants it.
    struct Scene: Sendable {
        let server: TestServer
        let owner: RemoteRunner
        let other: RemoteRunner
        let pipeline: PipelineID
        let key: LeaseKey
        let token: String

        /// Sends a call as whoever shows these.
        func ask(
            _ call: RunnerCall, key: LeaseKey? = nil, credential: String? = nil, token: String? = nil,
            sha256: String = String(repeating: "a", count: 64), query: [(name: String, value: String)] = [],
            headers: [(name: String, value: String)] = [], body: [UInt8] = []
        ) async throws -> Answer {
            var query = query
            switch call {
            case .awaitStop: query.append(("waitMs", "0"))
            case .appendLog: query.append(("offset", "0"))
            case .sendArtifact: query += [("offset", "0"), ("size", "3")]
            default: break
            }
            let path =
                call.credential == .runnerAndAttempt
                ? call.path(of: key ?? self.key, sha256: sha256, query: query) : call.path
            return try await server.askAsRunner(
                call.method, path, credential: credential ?? owner.credential.current.revealed,
                token: token ?? self.token, headers: headers, body: body)
        }
    }

    private static func scene(_ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "pawl-adversary-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await TestServer.serve { server in
            let owner = try await RemoteRunner.join(server, as: "owner", in: folder)
            let other = try await RemoteRunner.join(server, as: "other", in: folder)
            let trust = PipelineTrust(isProtected: true, isFork: false)
            let pipeline = try await server.pipeline([.plain()], trust: trust)
            let claim = try #require(try await owner.coordinator.claim(ClaimRequest(version: "1")))
            _ = try await owner.coordinator.acknowledge(claim.key)
            let token = try #require(owner.coordinator.tokens[claim.key]).revealed
            try await body(
                Scene(server: server, owner: owner, other: other, pipeline: pipeline, key: claim.key, token: token))
        }
    }

    private static let aboutAttempts = RunnerCall.allCases.filter { $0.credential == .runnerAndAttempt }

    @Test("whatever is wrong with a lease, the answer is the same")
    func noOracle() async throws {
        try await Self.scene { scene in
            for call in Self.aboutAttempts { try await expectNoOracle(call, in: scene) }
            // Nothing of it has touched the attempt.
            let key = scene.key
            let job = try #require(try await scene.server.store.job(key.job))
            #expect(job.state == .running && job.attempts.map(\.state) == [.running])
            #expect(try await scene.server.store.readLog(of: key.attempt).bytes.isEmpty)
        }
    }

    private func expectNoOracle(_ call: RunnerCall, in scene: Scene) async throws {
        let key = scene.key
        let otherCredential = scene.other.credential.current.revealed
        let wrong = try RunnerSecret.attempt.make()
        let answers = [
            try await scene.ask(call, credential: otherCredential),
            try await scene.ask(call, credential: otherCredential, token: wrong),
            try await scene.ask(call, token: wrong),
            try await scene.ask(call, token: "nonsense"),
            try await scene.ask(call, token: ""),
            try await scene.ask(call, key: LeaseKey(job: 999, attempt: key.attempt, epoch: key.epoch)),
            try await scene.ask(call, key: LeaseKey(job: key.job, attempt: 999, epoch: key.epoch)),
            try await scene.ask(call, key: LeaseKey(job: key.job, attempt: key.attempt, epoch: key.epoch + 1)),
            try await scene.ask(call, key: LeaseKey(job: key.job, attempt: -1, epoch: key.epoch)),
        ]
        #expect(Set(answers.map(\.status)) == [409])
        #expect(
            Set(answers.map(\.text)) == [
                #"{"error":"lease_lost","message":"the lease of this attempt has ended"}"#
            ])
    }

    @Test("without a good credential nothing is told")
    func noCredential() async throws {
        try await Self.scene { scene in
            for call in RunnerCall.allCases {
                for credential in [try RunnerSecret.credential.make(), "", scene.token, "pjt_x"] {
                    let answer = try await scene.ask(call, credential: credential)
                    #expect(answer.status == 401 && answer.error == "unauthorized", "\(call)")
                    #expect(!answer.text.contains("owner"))
                }
                // Else it would be told to wait.
                scene.server.advance(.minutes(1))
            }
        }
    }

    @Test("an expired join token is worth nothing, and a name that is taken is not given again")
    func joining() async throws {
        try await Self.scene { scene in
            let server = scene.server
            let request = RunnerProtocol.JoinRequest(name: "third", slots: 1, inventory: .init(), version: "1")
            let token = try await server.joinToken()
            var taken = request
            taken.name = "owner"
            let answer = try await server.askAsRunner(
                "POST", RunnerCall.join.path, credential: token, body: Array(try JSONEncoder().encode(taken)))
            #expect(answer.status == 409 && answer.error == "refused")
            server.advance(.hours(2))
            await expectRefusal { _ = try await server.runnerServer.join(request, token: Redacted(token)) }
            #expect(try await server.store.runner(named: "third") == nil)
        }
    }

    @Test("a name or inventory that no machine has is refused")
    func names() async throws {
        try await TestServer.serve { server in
            let token = Redacted(try await server.joinToken())
            for name in ["", "-x", "../x", "a b", "a/b", "ä", String(repeating: "a", count: 64)] {
                let request = RunnerProtocol.JoinRequest(name: name, slots: 1, inventory: .init(), version: "1")
                await expectRefusal { _ = try await server.runnerServer.join(request, token: token) }
            }
            let negative = GPU(uuid: "g", index: 0, model: "m", memory: ByteCount(bytes: -1), driver: "d")
            let loud = GPU(uuid: "g", index: 0, model: "\u{1B}[2J", memory: .gibibytes(1), driver: "d")
            let inventories = [
                RunnerInventory(gpus: [loud]), RunnerInventory(cpus: 1e300),
                RunnerInventory(memory: ByteCount(bytes: .max)),
                RunnerInventory(gpus: [negative]), RunnerInventory(cpus: -1),
                RunnerInventory(data: [String(repeating: "d", count: 300)]),
            ]
            for inventory in inventories {
                let request = RunnerProtocol.JoinRequest(name: "a", slots: 1, inventory: inventory, version: "1")
                await expectRefusal { _ = try await server.runnerServer.join(request, token: token) }
            }
        }
    }

    @Test("a removed runner is told to go, and its leases are lost")
    func removed() async throws {
        try await Self.scene { scene in
            try await scene.server.store.removeRunner("owner", by: "mira", now: scene.server.now)
            for call in RunnerCall.allCases where call != .join {
                let answer = try await scene.ask(call)
                #expect(answer.status == 410 && answer.error == "gone")
            }
            await #expect(throws: CoordinatorError.gone("owner was removed from the pool")) {
                _ = try await scene.owner.coordinator.claim(ClaimRequest(version: "1"))
            }
            await expectLeaseLost {
                try await scene.owner.coordinator.complete(
                    scene.key, with: AttemptResult(finishedAt: scene.server.now))
            }
        }
    }

    @Test("a result that is told again changes nothing, and another one comes too late")
    func replay() async throws {
        try await Self.scene { scene in
            let passed = Array(try JSONEncoder().encode(AttemptResult(exitCode: 0, finishedAt: scene.server.now)))
            #expect(try await scene.ask(.complete, body: passed).status == 204)
            let failure = Failure(.script, exitCode: 1, "exit code 1")
            let failed = Array(
                try JSONEncoder().encode(AttemptResult(failure: failure, finishedAt: scene.server.now)))
            #expect(try await scene.ask(.complete, body: passed).status == 204)
            _ = try await scene.ask(.complete, body: failed)
            let job = try #require(try await scene.server.store.job(scene.key.job))
            #expect(job.state == .passed && job.attempts.count == 1)
            let stranger = scene.other.credential.current.revealed
            #expect(try await scene.ask(.complete, credential: stranger, body: passed).status == 409)
            #expect(try await scene.ask(.acknowledge).status == 409)
            #expect(try await scene.ask(.sendArtifact, body: [1, 2, 3]).status == 409)
        }
    }

    @Test("numbers that one cannot reckon with are refused")
    func numbers() async throws {
        try await Self.scene { scene in
            let (least, most) = (Timestamp(milliseconds: .min), Timestamp(milliseconds: .max))
            let results = [
                AttemptResult(startedAt: least, finishedAt: most), AttemptResult(finishedAt: least),
                AttemptResult(exitCode: .max, finishedAt: scene.server.now),
                AttemptResult(failure: Failure(.script, exitCode: .min, ""), finishedAt: scene.server.now),
            ]
            for result in results {
                let answer = try await scene.ask(.complete, body: Array(try JSONEncoder().encode(result)))
                #expect(answer.status == 422 && answer.error == "refused")
            }
            for call in [RunnerCall.appendLog, .sendArtifact, .awaitStop] {
                for number in ["-1", "x", "", "9223372036854775807", "1e3"] {
                    let query = ["offset", "size", "waitMs"].map { (name: $0, value: number) }
                    let path = call.path(of: scene.key, sha256: String(repeating: "a", count: 64), query: query)
                    let answer = try await scene.server.askAsRunner(
                        call.method, path, credential: scene.owner.credential.current.revealed, token: scene.token)
                    #expect(answer.status == 422 && answer.error == "refused", "\(call) \(number)")
                }
            }
        }
    }

    @Test("a paused runner gets no job, and one when it goes on")
    func paused() async throws {
        try await Self.scene { scene in
            let server = scene.server
            var edit = RunnerEdit()
            edit.isPaused = true
            try await server.store.editRunner("other", as: edit, by: "mira", now: server.now)
            _ = try await server.pipeline([.plain("next")], trust: PipelineTrust(isProtected: true, isFork: false))
            let credential = scene.other.credential.current.revealed
            let question = Array(
                try JSONEncoder().encode(RunnerProtocol.ClaimQuestion(ClaimRequest(version: "1"), wait: .zero)))
            #expect(try await scene.ask(.claim, credential: credential, body: question).status == 204)
            edit.isPaused = false
            try await server.store.editRunner("other", as: edit, by: "mira", now: server.now)
            #expect(try await scene.ask(.claim, credential: credential, body: question).status == 200)
        }
    }

    @Test("a waiting runner that is drained is told to go at once")
    func drained() async throws {
        try await Self.scene { scene in
            let coordinator = scene.other.coordinator
            async let claim = coordinator.claim(ClaimRequest(version: "1"))
            var edit = RunnerEdit()
            edit.isDraining = true
            try await scene.server.store.editRunner("other", as: edit, by: "mira", now: scene.server.now)
            do {
                _ = try await claim
                Issue.record("was not told to go")
            } catch {
                #expect(error as? CoordinatorError == .gone("other is drained"))
            }
        }
    }

    @Test("an ephemeral runner has one job at a time, whatever its slots, and is told to go after it")
    func ephemeral() async throws {
        try await CoordinatorBench.serve(.http, ephemeral: true) { bench in
            try await bench.pipeline([.plain("first"), .plain("second")])
            let claim = try #require(try await bench.coordinator.claim(bench.request))
            #expect(
                try await bench.server.store.claim(by: bench.runner, leaseFor: .seconds(20), now: bench.server.now)
                    == nil)
            // One that it gives back has not been its job.
            try await bench.coordinator.giveBack(claim.key, because: "not now")
            let key = try await bench.start().key
            try await bench.coordinator.complete(key, with: AttemptResult(finishedAt: bench.server.now))
            await #expect(throws: CoordinatorError.gone("r has had the one job that it joined for")) {
                _ = try await bench.coordinator.claim(bench.request)
            }
        }
    }

    @Test("an artifact is named by its hash and by nothing else")
    func traversal() async throws {
        let a = "a"
        let names = [
            "../../../../etc/passwd", "..x", String(repeating: "A", count: 64), String(repeating: a, count: 63),
            String(repeating: a, count: 62) + "/x", String(repeating: a, count: 63) + "\u{0}",
            "/" + String(repeating: a, count: 63),
        ]
        try await Self.scene { scene in
            for sha256 in names {
                for call in [RunnerCall.storedArtifact, .sendArtifact, .keepArtifact, .fetchArtifact] {
                    let artifact = ArtifactReference(sha256: sha256, size: ByteCount(bytes: 3), fileCount: 1, paths: [])
                    let body = call == .keepArtifact ? Array(try JSONEncoder().encode(artifact)) : [1]
                    let answer = try await scene.ask(call, sha256: sha256, body: body)
                    #expect(answer.status == 422 && answer.error == "refused", "\(call) \(sha256)")
                }
            }
            let uploads = scene.server.dataFolder + "/uploads"
            #expect(try FileManager.default.contentsOfDirectory(atPath: uploads).isEmpty)
        }
    }

    @Test("bodies that are too long are refused, and what they left is bounded")
    func oversize() async throws {
        try await Self.scene { scene in
            let long = [UInt8](repeating: 0x20, count: RunnerProtocol.requestLimit + 1)
            for call in [RunnerCall.claim, .giveBack, .keepArtifact] {
                #expect(try await scene.ask(call, body: long).status == 413)
            }
            let result = [UInt8](repeating: 0x20, count: RunnerProtocol.resultLimit + 1)
            #expect(try await scene.ask(.complete, body: result).status == 413)
            let log = [UInt8](repeating: 0x61, count: RunnerProtocol.logPieceLimit + 1)
            #expect(try await scene.ask(.appendLog, body: log).status == 413)
            #expect(try await scene.server.store.readLog(of: scene.key.attempt).bytes.isEmpty)
            // More than was announced, and more than an attempt may have.
            let more = try await scene.ask(.sendArtifact, body: [1, 2, 3, 4])
            #expect(more.status == 422 && more.error == "refused")
            let path = RunnerCall.sendArtifact.path(
                of: scene.key, sha256: String(repeating: "b", count: 64),
                query: [("offset", "0"), ("size", String(65 << 20))])
            let large = try await scene.server.askAsRunner(
                "PUT", path, credential: scene.owner.credential.current.revealed, token: scene.token, body: [1])
            #expect(large.status == 422 && large.error == "refused")
        }
    }

    @Test("a large body that is not wanted gets its answer all the same, and changes nothing")
    func unwantedBodies() async throws {
        try await Self.scene { scene in
            #expect(try await scene.ask(.sendArtifact, body: [1, 2, 3]).text == #"{"stored":3}"#)
            let large = [UInt8](repeating: 7, count: RunnerProtocol.artifactPieceLimit)
            // It begins where something is already.
            #expect(try await scene.ask(.sendArtifact, body: large).text == #"{"stored":3}"#)
            let wrong = try RunnerSecret.attempt.make()
            #expect(try await scene.ask(.sendArtifact, token: wrong, body: large).status == 409)
            let stranger = try RunnerSecret.credential.make()
            #expect(try await scene.ask(.sendArtifact, credential: stranger, body: large).status == 401)
            #expect(try await scene.ask(.storedArtifact).text == #"{"stored":3}"#)
        }
    }

    @Test("a piece of a log that came otherwise than it was sent is asked for again")
    func brokenLog() async throws {
        try await Self.scene { scene in
            let digest = "sha-256=:\(Base64.encode(try SHA256Digest.of(Array("sent".utf8)))):"
            let broken = try await scene.ask(
                .appendLog, headers: [(RunnerProtocol.digestHeader, digest)], body: Array("came".utf8))
            #expect(broken.status == 503 && broken.error == "unavailable")
            #expect(try await scene.ask(.appendLog, body: Array("sent".utf8)).status == 422)
            let whole = try await scene.ask(
                .appendLog, headers: [(RunnerProtocol.digestHeader, digest)], body: Array("sent".utf8))
            #expect(whole.status == 200)
        }
    }

    @Test("a body that trickles in ends with its deadline, and what came of an artifact stays")
    func slowBody() async throws {
        let folder = NSTemporaryDirectory() + "pawl-adversary-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var options = TestServer.Options()
        options.deadlines.body = .milliseconds(300)
        try await TestServer.serve(options) { server in
            let owner = try await RemoteRunner.join(server, as: "owner", in: folder)
            _ = try await server.pipeline([.plain()], trust: PipelineTrust(isProtected: true, isFork: false))
            let claim = try #require(try await owner.coordinator.claim(ClaimRequest(version: "1")))
            _ = try await owner.coordinator.acknowledge(claim.key)
            let token = try #require(owner.coordinator.tokens[claim.key]).revealed
            let path = RunnerCall.appendLog.path(of: claim.key, query: [("offset", "0")])
            // A body that never ends.
            let (never, keepOpen) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
            keepOpen.yield([0x61])
            defer { keepOpen.finish() }
            let request = HTTPTransport.HTTPRequest(
                "PUT", "http://127.0.0.1:\(server.port)" + path,
                headers: [
                    ("Authorization", "Bearer \(owner.credential.current.revealed)"),
                    (RunnerProtocol.attemptHeader, token),
                ], body: .stream(never, length: 100))
            let status = try? await server.client.send(request).status
            #expect(status == nil || status == 408)
            #expect(try await server.store.readLog(of: claim.key.attempt).bytes.isEmpty)
        }
    }

    @Test("guessing from a runner's address keeps guessers out, and not the runner")
    func guessing() async throws {
        try await Self.scene { scene in
            var statuses: Set<Int> = []
            for _ in 0..<20 {
                statuses.insert(try await scene.ask(.heartbeat, credential: try RunnerSecret.credential.make()).status)
            }
            #expect(statuses == [401, 429])
            #expect(try await scene.ask(.heartbeat).status == 200)
        }
    }

    @Test("a credential that was replaced is worth nothing once the new one was shown")
    func rotation() async throws {
        try await Self.scene { scene in
            let first = scene.owner.credential.current.revealed
            // The answer with the second is lost.
            #expect(try await scene.ask(.rotateCredential).status == 200)
            #expect(try await scene.ask(.heartbeat).status == 200)
            try await scene.owner.coordinator.rotateCredential()
            let third = scene.owner.credential.current.revealed
            #expect(third != first)
            #expect(try await scene.ask(.heartbeat, credential: first).status == 200)
            #expect(try await scene.owner.coordinator.heartbeat(scene.key) == .renewed(leaseFor: .seconds(60)))
            #expect(try await scene.ask(.heartbeat, credential: first).status == 401)
            #expect(try await scene.ask(.heartbeat, credential: third).status == 200)
        }
    }
}

/// An answer that was read whole.
struct RunnerAnswer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var bytes: [UInt8]

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The word of a refusal; empty where it is none.
    var error: String {
        (try? JSONDecoder().decode(RunnerProtocol.ErrorAnswer.self, from: Data(bytes)))?.error.rawValue ?? ""
    }
}

extension RunnerAdversaryTests.Scene { typealias Answer = RunnerAnswer }

extension TestServer {
    /// Sends a call of the runner protocol as it is written.
    func askAsRunner(
        _ method: String, _ path: String, credential: String, token: String? = nil,
        headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) async throws -> RunnerAnswer {
        var headers = headers + [("Authorization", "Bearer \(credential)")]
        if let token { headers.append((RunnerProtocol.attemptHeader, token)) }
        let response = try await client.send(
            HTTPTransport.HTTPRequest(
                method, "http://127.0.0.1:\(port)" + path, headers: headers,
                body: method == "GET" ? .none : .bytes(body)))
        return RunnerAnswer(
            status: response.status, headers: response.headers, bytes: try await response.collect(upTo: 1 << 20))
    }
}
