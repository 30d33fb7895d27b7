import Foundation
import PipelineModel
import Testing

@testable import Store

@Suite struct FilesTests {
    private func stream(_ parts: [[UInt8]]) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            for part in parts { continuation.yield(part) }
            continuation.finish()
        }
    }

    private func reference(_ bytes: [UInt8]) throws -> ArtifactReference {
        ArtifactReference(
            sha256: try sha256(bytes), size: ByteCount(bytes: Int64(bytes.count)), fileCount: 1,
            paths: ["model.bin"])
    }

    private func bytes(_ stream: AsyncThrowingStream<[UInt8], any Error>) async throws -> [UInt8] {
        try await stream.reduce(into: []) { $0 += $1 }
    }

    @Test("a log takes each byte once, however it is sent, and nothing past a hole")
    func logOffsets() async throws {
        let test = try await TestStore()
        try await test.pipeline(plan([("test", [])]))
        let key = try await test.start()
        let store = test.store
        #expect(try await store.appendLog(Array("hello ".utf8), at: 0, to: key) == 6)
        #expect(try await store.appendLog(Array("hello world".utf8), at: 0, to: key) == 11)
        #expect(try await store.appendLog(Array("lo w".utf8), at: 3, to: key) == 11)
        #expect(try await store.appendLog(Array("hole".utf8), at: 20, to: key) == 11)
        #expect(try await store.appendLog([1], at: -5, to: key) == 11)
        let chunk = try await store.readLog(of: key.attempt, from: 6, limit: 3)
        #expect(String(decoding: chunk.bytes, as: UTF8.self) == "wor")
        #expect(!chunk.isLast)
        try await store.complete(key, with: TestStore.result(at: at(2)), now: at(2))
        #expect(try await store.readLog(of: key.attempt).isLast)
        #expect(try await store.appendLog(Array("world".utf8), at: 6, to: key) == 11)
        await expectError(.leaseLost) { _ = try await store.appendLog(Array("more".utf8), at: 11, to: key) }
        #expect(try await test.job("test", of: 1).attempts.first?.logSize == ByteCount(bytes: 11))
    }

    @Test("after a crash that took a log's end, the runner goes on from what is there")
    func tornLog() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", [])]))
        let key = try await test.start()
        _ = try await test.store.appendLog(Array("0123456789".utf8), at: 0, to: key)
        let path = "\(test.folder)/logs/\(id)/\(key.attempt).log"
        try Data("01234".utf8).write(to: URL(filePath: path))
        #expect(try await test.store.appendLog(Array("ab".utf8), at: 10, to: key) == 5)
        #expect(try await test.store.appendLog(Array("56789ab".utf8), at: 5, to: key) == 12)
        let whole = try await test.store.readLog(of: key.attempt)
        #expect(String(decoding: whole.bytes, as: UTF8.self) == "0123456789ab")
    }

    @Test("those who follow a log hear that it grew and that it ended")
    func logSignal() async throws {
        let test = try await TestStore()
        try await test.pipeline(plan([("test", [])]))
        let key = try await test.start()
        let signal = test.store.logSignal(of: key.attempt)
        var seen = signal.count
        _ = try await test.store.appendLog([1], at: 0, to: key)
        await signal.wait(after: seen)
        seen = signal.count
        try await test.store.complete(key, with: TestStore.result(at: at(2)), now: at(2))
        await signal.wait(after: seen)
    }

    @Test("an artifact goes to the jobs that need it, byte for byte, and to no other")
    func artifacts() async throws {
        let test = try await TestStore()
        try await test.pipeline(plan([("train", []), ("evaluate", ["train"]), ("lint", [])]))
        let train = try await test.start("train")
        let lint = try await test.start("lint")
        let content = [UInt8](repeating: 7, count: 600_000)
        let artifact = try reference(content)
        for _ in 0..<2 {
            try await test.store.storeArtifact(
                artifact, content: stream([Array(content[..<1]), Array(content[1...])]), for: train, now: at(1))
        }
        try await test.store.complete(train, with: TestStore.result(at: at(2)), now: at(2))
        let claim = try #require(
            try await test.store.claim(as: "r", tags: [], leaseFor: .seconds(9), now: at(3)))
        let assigned = try await test.store.acknowledge(claim.key, now: at(3))
        #expect(assigned.artifacts == [ArtifactInput(job: "train", artifact: artifact)])
        #expect(try await bytes(test.store.artifact(artifact.sha256, for: claim.key)) == content)
        await expectError(.refused) { _ = try await test.store.artifact(artifact.sha256, for: lint) }
        await expectError(.leaseLost) { _ = try await test.store.artifact(artifact.sha256, for: train) }
    }

    @Test(
        "content that is not what was announced is refused, and nothing of it is kept",
        arguments: [[1, 2], [1, 2, 3, 4], [3, 2, 1]] as [[UInt8]])
    func wrongContent(sent: [UInt8]) async throws {
        let test = try await TestStore()
        try await test.pipeline(plan([("train", [])]))
        let key = try await test.start()
        let artifact = try reference([1, 2, 3])
        await expectError(.invalid) {
            try await test.store.storeArtifact(artifact, content: self.stream([sent]), for: key, now: at(1))
        }
        await expectError(.notFound) { _ = try await test.store.artifact(artifact.sha256) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: test.folder + "/blobs/tmp").isEmpty)
    }

    @Test("a hash that is a path is refused", arguments: ["../../etc/passwd", "", String(repeating: "g", count: 64)])
    func hostileHash(hash: String) async throws {
        let test = try await TestStore()
        await expectError(.invalid) { _ = try await test.store.artifact(hash) }
    }

    @Test("a sweep removes what is over, keeps what others refer to, and a late job is told what is gone")
    func sweep() async throws {
        let test = try await TestStore()
        let store = test.store
        let id = try await test.pipeline(
            plan([("a", []), ("b", []), ("c", ["a", "b"])]) {
                if $0.name == "a" { $0.artifacts = .init(paths: ["x"], expireIn: .seconds(9)) }
            })
        _ = try await test.delivery()
        try await store.finishDelivery(1, as: .ignored("x"), now: at(0))
        _ = try await test.delivery()
        let shared: [UInt8] = [1, 2, 3]
        let short: [UInt8] = [4]
        let keyA = try await test.start("a")
        let keyB = try await test.start("b")
        try await store.storeArtifact(
            try reference(shared), content: stream([shared]), for: keyA, keptFor: .days(9), now: at(1))
        try await store.storeArtifact(
            try reference(short), content: stream([short]), for: keyA, keptFor: .days(9), now: at(1))
        try await store.storeArtifact(
            try reference(shared), content: stream([shared]), for: keyB, keptFor: .days(9), now: at(1))
        _ = try await store.appendLog([1], at: 0, to: keyA)
        var reported = TestStore.result(at: at(2))
        let curve = Curve(name: "loss", points: [.init(step: 1, value: 0.5)])
        reported.report = MetricReport(metrics: [Metric("f1", 0.8)], curves: [curve])
        for key in [keyA, keyB] { try await store.complete(key, with: reported, now: at(2)) }
        #expect(try await store.report(of: keyA.attempt, curves: true)?.curves == [curve])

        let early = try await store.sweep(Retention(logs: .seconds(60), deliveryBodies: .seconds(60)), now: at(9))
        #expect(early == SweepReport())
        let report = try await store.sweep(Retention(logs: .seconds(60), deliveryBodies: .seconds(60)), now: at(99))
        #expect(report == SweepReport(artifacts: 2, blobs: 1, logs: 2, deliveryBodies: 1))
        #expect(try await bytes(store.artifact(try sha256(shared))) == shared)
        await expectError(.notFound) { _ = try await store.artifact(try sha256(short)) }
        await expectError(.notFound) { _ = try await store.readLog(of: keyA.attempt) }
        let kept = try await store.report(of: keyA.attempt, curves: true)
        #expect(kept?.curves == [] && kept?.metrics == [Metric("f1", 0.8)])
        await expectError(.notFound) { _ = try await store.deliveryBody(1) }
        #expect(try await store.deliveryBody(2) == Array("{}".utf8))
        let claim = try #require(
            try await store.claim(as: "r", tags: [], leaseFor: .seconds(9), now: at(100)))
        let assigned = try await store.acknowledge(claim.key, now: at(100))
        #expect(assigned.expired == ["a"])
        #expect(assigned.artifacts.map(\.job) == ["b"])
        #expect(try await test.job("a", of: id).attempts.first?.artifacts.isEmpty == true)
    }
}
