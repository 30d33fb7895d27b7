import PipelineModel
import Signing
import Store
import Testing

@testable import Server

/// What both coordinators promise, the server's own and the one over HTTP.
@Suite("A coordinator", .timeLimit(.minutes(4)))
struct CoordinatorContractTests {
    @Test("hands a job out, takes its log and its result", arguments: CoordinatorKind.allCases)
    func life(_ kind: CoordinatorKind) async throws {
        try await CoordinatorBench.serve(kind) { bench in
            let id = try await bench.pipeline([.plain()])
            let coordinator = bench.coordinator
            let claim = try #require(try await coordinator.claim(bench.request))
            #expect(claim.jobName == "test" && claim.pipeline == id && claim.leaseFor == .seconds(20))
            let assignment = try await coordinator.acknowledge(claim.key)
            #expect(assignment.key == claim.key && assignment.leaseFor == .seconds(60))
            #expect(assignment.job.script == ["true"] && assignment.commit == "7fd1a60")
            #expect(try await coordinator.heartbeat(claim.key) == .renewed(leaseFor: .seconds(60)))
            #expect(try await coordinator.append(Array("hello ".utf8), at: 0, to: claim.key) == 6)
            #expect(try await coordinator.append(Array("hello world".utf8), at: 0, to: claim.key) == 11)
            let result = AttemptResult(exitCode: 0, summary: "1 passed", finishedAt: bench.server.now)
            try await coordinator.complete(claim.key, with: result)
            try await coordinator.complete(claim.key, with: result)
            let job = try await bench.job("test", of: id)
            #expect(job.state == .passed && job.attempts.map(\.state) == [.passed])
            let log = try await bench.server.store.readLog(of: claim.key.attempt)
            #expect(String(decoding: log.bytes, as: UTF8.self) == "hello world" && log.isLast)
        }
    }

    @Test("waits for work, and hears of it at once", arguments: CoordinatorKind.allCases)
    func waiting(_ kind: CoordinatorKind) async throws {
        try await CoordinatorBench.serve(kind) { bench in
            async let claim = bench.coordinator.claim(bench.request)
            let id = try await bench.pipeline([.plain()])
            let found = try await claim
            #expect(found?.pipeline == id)
        }
    }

    @Test("ends a wait with nothing when its task is cancelled", arguments: CoordinatorKind.allCases)
    func cancelledWait(_ kind: CoordinatorKind) async throws {
        try await CoordinatorBench.serve(kind) { bench in
            let waiting = Task { try await bench.coordinator.claim(bench.request) }
            waiting.cancel()
            let found = try await waiting.value
            #expect(found == nil)
        }
    }

    @Test("knows what the runner's machine has, as the runner says it", arguments: CoordinatorKind.allCases)
    func inventory(_ kind: CoordinatorKind) async throws {
        let gpu = GPU(uuid: "GPU-1", index: 0, model: "A100", memory: .gibibytes(40), driver: "550")
        let inventory = RunnerInventory(
            engine: "Docker 24", cpus: 8, memory: .gibibytes(64), gpus: [gpu], data: ["imagenet", "scans"],
            closedData: ["scans"])
        try await CoordinatorBench.serve(kind, inventory: inventory) { bench in
            try await bench.pipeline([.plain()])
            _ = try await bench.start()
            #expect(try await bench.server.store.runners().map(\.offer.inventory) == [inventory])
        }
    }

    @Test("hands over everything that an attempt needs, secrets as they are", arguments: CoordinatorKind.allCases)
    func assignment(_ kind: CoordinatorKind) async throws {
        let gpu = GPU(uuid: "GPU-1", index: 0, model: "A100", memory: .gibibytes(40), driver: "550")
        try await CoordinatorBench.serve(kind, inventory: RunnerInventory(gpus: [gpu], data: ["imagenet"])) { bench in
            let repository = try await bench.server.repository(on: "github")
            let description = SecretDescription(name: "API_KEY", kind: .file)
            try await bench.server.store.setSecret(
                description, of: repository.id,
                sealed: try bench.server.vault.seal(
                    Redacted("hunter\"2\n"), named: "API_KEY", environment: nil, of: repository.id),
                now: bench.server.now)
            let planned = PlannedJob.plain {
                $0.timeout = .seconds(90)
                $0.image = .init(name: "python:3.12", entrypoint: [""], pullPolicy: [.always])
                $0.variables = [Variable("A", "$B", expands: false)]
                $0.artifacts = .init(paths: ["model/**"], when: .always, expireIn: .days(3))
                $0.allowFailure = .exitCodes([3])
                var ml = MLSettings()
                (ml.gpus, ml.gpuMemory, ml.memory, ml.data) = (1, .gibibytes(40), .gibibytes(2), ["imagenet"])
                $0.ml = ml
            }
            try await bench.pipeline([planned])
            let assignment = try await bench.start()
            #expect(assignment.job == planned)
            #expect(assignment.repository == repository.reference && assignment.trust == .protected)
            #expect(assignment.secrets.map(\.name) == ["API_KEY"] && assignment.secrets.map(\.kind) == [.file])
            #expect(assignment.secrets.map(\.value.revealed) == ["hunter\"2\n"])
            #expect(assignment.gpus == [GrantedGPU(gpu)])
            #expect(assignment.limits == JobLimits(artifactSize: .mebibytes(64)).lowered(by: planned))
            #expect(assignment.variables.contains(Variable("A", "$B", expands: false)))
            #expect(assignment.attemptNumber == 1 && assignment.ref == "refs/heads/main")
        }
    }

    @Test("takes an artifact and gives it to the job that needs it", arguments: CoordinatorKind.allCases)
    func artifacts(_ kind: CoordinatorKind) async throws {
        try await CoordinatorBench.serve(kind) { bench in
            let coordinator = bench.coordinator
            let first = PlannedJob.plain("first") { $0.artifacts = .init(paths: ["x"]) }
            let second = PlannedJob.plain("second") { $0.needs = [.init(job: "first")] }
            try await bench.pipeline([first, second])
            let bytes = TestBytes.of(9 << 20)
            let artifact = try TestBytes.reference(to: bytes)
            let key = try await bench.start().key
            try await coordinator.store(artifact, content: TestBytes.stream(bytes), for: key)
            try await coordinator.store(artifact, content: TestBytes.stream(bytes), for: key)
            try await coordinator.complete(key, with: AttemptResult(finishedAt: bench.server.now))
            let assignment = try await bench.start()
            #expect(assignment.artifacts.map(\.job) == ["first"])
            #expect(assignment.artifacts.map(\.artifact.sha256) == [artifact.sha256])
            var arrived: [UInt8] = []
            for try await part in try await coordinator.artifact(artifact.sha256, for: assignment.key) {
                arrived += part
            }
            #expect(arrived == bytes)
        }
    }

    @Test("keeps the newest checkpoint of a job, and gives it to its next attempt", arguments: CoordinatorKind.allCases)
    func checkpoints(_ kind: CoordinatorKind) async throws {
        try await CoordinatorBench.serve(kind) { bench in
            let coordinator = bench.coordinator
            let job = PlannedJob.plain("train") { job in
                var ml = MLSettings()
                ml.checkpoint = "ckpt/"
                job.ml = ml
            }
            try await bench.pipeline([job])
            let first = try await bench.start()
            #expect(first.checkpoint == nil)
            for size in [3_000, 5 << 20] {
                let bytes = TestBytes.of(size)
                let archive = try TestBytes.reference(to: bytes)
                try await coordinator.storeCheckpoint(archive, content: TestBytes.stream(bytes), for: first.key)
                try await coordinator.storeCheckpoint(archive, content: TestBytes.stream(bytes), for: first.key)
            }
            try await coordinator.giveBack(first.key, because: "the runner stops")
            let second = try await bench.start()
            let bytes = TestBytes.of(5 << 20)
            #expect(second.checkpoint?.attempt == 1)
            #expect(second.checkpoint?.artifact.sha256 == (try TestBytes.reference(to: bytes).sha256))
            var arrived: [UInt8] = []
            let wanted = try #require(second.checkpoint?.artifact.sha256)
            for try await part in try await coordinator.artifact(wanted, for: second.key) { arrived += part }
            #expect(arrived == bytes)
        }
    }

    @Test("refuses an artifact whose bytes are others than its hash says", arguments: CoordinatorKind.allCases)
    func wrongHash(_ kind: CoordinatorKind) async throws {
        try await CoordinatorBench.serve(kind) { bench in
            let id = try await bench.pipeline([.plain()])
            let key = try await bench.start().key
            let artifact = try TestBytes.reference(to: Array("right".utf8))
            await expectRefusal {
                try await bench.coordinator.store(artifact, content: TestBytes.stream(Array("wrong".utf8)), for: key)
            }
            #expect(try await bench.job("test", of: id).attempts.first?.artifacts.isEmpty == true)
            // Nothing of it is in the way of the right one.
            try await bench.coordinator.store(artifact, content: TestBytes.stream(Array("right".utf8)), for: key)
            #expect(try await bench.job("test", of: id).attempts.first?.artifacts.map(\.sha256) == [artifact.sha256])
        }
    }

    @Test("gives no artifact that was not assigned", arguments: CoordinatorKind.allCases)
    func otherArtifact(_ kind: CoordinatorKind) async throws {
        try await CoordinatorBench.serve(kind) { bench in
            try await bench.pipeline([.plain("first"), .plain("second") { $0.dependencies = [] }])
            let artifact = try TestBytes.reference(to: Array("x".utf8))
            let first = try await bench.start().key
            try await bench.coordinator.store(artifact, content: TestBytes.stream(Array("x".utf8)), for: first)
            let second = try await bench.start().key
            await expectRefusal { _ = try await bench.coordinator.artifact(artifact.sha256, for: second) }
        }
    }

    @Test(
        "says that somebody wants the job to stop, at once and with the next heartbeat",
        arguments: CoordinatorKind.allCases)
    func stop(_ kind: CoordinatorKind) async throws {
        try await CoordinatorBench.serve(kind) { bench in
            let id = try await bench.pipeline([.plain()])
            let key = try await bench.start().key
            async let stopped: Void = bench.coordinator.untilStopIsWanted(key)
            try await bench.server.store.cancelPipeline(id, because: "by mira", by: "mira", now: bench.server.now)
            await stopped
            #expect(try await bench.coordinator.heartbeat(key) == .cancel(reason: "by mira"))
            let failure = Failure(.cancelled, "by mira")
            try await bench.coordinator.complete(
                key, with: AttemptResult(failure: failure, finishedAt: bench.server.now))
            #expect(try await bench.job("test", of: id).state == .cancelled)
        }
    }

    @Test("takes an attempt back unspent, and hands the job out again", arguments: CoordinatorKind.allCases)
    func giveBack(_ kind: CoordinatorKind) async throws {
        try await CoordinatorBench.serve(kind) { bench in
            let id = try await bench.pipeline([.plain()])
            let key = try await bench.start().key
            try await bench.coordinator.giveBack(key, because: "the runner stops")
            try await bench.coordinator.giveBack(key, because: "the runner stops")
            let job = try await bench.job("test", of: id)
            #expect(job.attempts.map(\.state) == [.givenBack] && job.attempts.first?.summary == "the runner stops")
            #expect(try await bench.start().key.epoch == key.epoch + 1)
        }
    }

    @Test("takes nothing under a lease that has ended", arguments: CoordinatorKind.allCases)
    func lostLease(_ kind: CoordinatorKind) async throws {
        try await CoordinatorBench.serve(kind) { bench in
            let coordinator = bench.coordinator
            let id = try await bench.pipeline([.plain()])
            let key = try await bench.start().key
            bench.server.advance(.seconds(61))
            #expect(try await bench.server.store.rescue(now: bench.server.now) == [key])
            #expect(try await coordinator.heartbeat(key) == .lost)
            await coordinator.untilStopIsWanted(key)
            await expectLeaseLost { _ = try await coordinator.acknowledge(key) }
            await expectLeaseLost { _ = try await coordinator.append([1], at: 0, to: key) }
            let artifact = try TestBytes.reference(to: [1])
            await expectLeaseLost { try await coordinator.store(artifact, content: TestBytes.stream([1]), for: key) }
            await expectLeaseLost { _ = try await coordinator.artifact(artifact.sha256, for: key) }
            await expectLeaseLost { try await coordinator.giveBack(key, because: "late") }
            await expectLeaseLost {
                try await coordinator.complete(key, with: AttemptResult(finishedAt: bench.server.now))
            }
            #expect(try await bench.job("test", of: id).attempts.map(\.state) == [.lost])
        }
    }

    @Test("holds a claim that was not acknowledged for twenty seconds only", arguments: CoordinatorKind.allCases)
    func handOut(_ kind: CoordinatorKind) async throws {
        try await CoordinatorBench.serve(kind) { bench in
            let id = try await bench.pipeline([.plain()])
            let claim = try #require(try await bench.coordinator.claim(bench.request))
            bench.server.advance(.seconds(21))
            #expect(try await bench.server.store.rescue(now: bench.server.now) == [claim.key])
            #expect(try await bench.job("test", of: id).attempts.map(\.state) == [.givenBack])
            let next = try await bench.start().key
            bench.server.advance(.seconds(21))
            #expect(try await bench.server.store.rescue(now: bench.server.now) == [])
            #expect(try await bench.coordinator.heartbeat(next) == .renewed(leaseFor: .seconds(60)))
        }
    }

    @Test("tells a bounded piece of a long log where to go on", arguments: CoordinatorKind.allCases)
    func longLog(_ kind: CoordinatorKind) async throws {
        try await CoordinatorBench.serve(kind) { bench in
            try await bench.pipeline([.plain()])
            let key = try await bench.start().key
            let log = TestBytes.of(3 << 20)
            var sent = 0
            while sent < log.count {
                sent = Int(try await bench.coordinator.append(Array(log[sent...]), at: Int64(sent), to: key))
            }
            #expect(try await bench.coordinator.append([1], at: 5 << 20, to: key) == 3 << 20)
            var stored: [UInt8] = []
            while stored.count < log.count {
                stored += try await bench.server.store.readLog(of: key.attempt, from: Int64(stored.count)).bytes
            }
            #expect(stored == log)
        }
    }
}

/// Bytes for logs and artifacts.
enum TestBytes {
    /// So many bytes that do not repeat themselves soon.
    static func of(_ count: Int) -> [UInt8] {
        var state: UInt32 = 1
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
    }

    static func reference(to bytes: [UInt8]) throws -> ArtifactReference {
        ArtifactReference(
            sha256: Hex.encode(try SHA256Digest.of(bytes)), size: ByteCount(bytes: Int64(bytes.count)), fileCount: 1,
            paths: ["x"])
    }

    static func stream(_ bytes: [UInt8]) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            for start in stride(from: 0, to: bytes.count, by: 100_000) {
                continuation.yield(Array(bytes[start...].prefix(100_000)))
            }
            continuation.finish()
        }
    }
}

/// Expects that a call is refused for good.
func expectRefusal(
    sourceLocation: SourceLocation = #_sourceLocation, _ call: () async throws -> Void
) async {
    do {
        try await call()
        Issue.record("was not refused", sourceLocation: sourceLocation)
    } catch CoordinatorError.refused {
    } catch {
        Issue.record("was not refused but: \(error)", sourceLocation: sourceLocation)
    }
}

/// Expects that a call finds its lease lost.
func expectLeaseLost(
    sourceLocation: SourceLocation = #_sourceLocation, _ call: () async throws -> Void
) async {
    do {
        try await call()
        Issue.record("the lease was not lost", sourceLocation: sourceLocation)
    } catch CoordinatorError.leaseLost {
    } catch {
        Issue.record("the lease was not lost but: \(error)", sourceLocation: sourceLocation)
    }
}
