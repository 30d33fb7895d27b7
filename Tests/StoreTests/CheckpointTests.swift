import Foundation
import PipelineModel
import Testing

@testable import Store

@Suite struct CheckpointTests {
    private static func saving(_ name: String = "train") -> Plan {
        plan([(name, [])]) {
            var ml = MLSettings()
            ml.checkpoint = "ckpt/"
            $0.ml = ml
        }
    }

    private func reference(_ bytes: [UInt8]) throws -> ArtifactReference {
        ArtifactReference(
            sha256: try sha256(bytes), size: ByteCount(bytes: Int64(bytes.count)), fileCount: 2, paths: [])
    }

    private func stream(_ bytes: [UInt8]) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            continuation.yield(bytes)
            continuation.finish()
        }
    }

    private func save(_ text: String, for key: LeaseKey, in test: TestStore, now: Timestamp) async throws {
        let bytes = Array(text.utf8)
        try await test.store.storeCheckpoint(try reference(bytes), content: stream(bytes), for: key, now: now)
    }

    private func claim(_ test: TestStore, now: Timestamp) async throws -> AcknowledgedAttempt {
        let claim = try #require(try await test.store.claim(as: "r1", tags: [], leaseFor: .seconds(60), now: now))
        return try await test.store.acknowledge(claim.key, now: now)
    }

    private func text(_ checkpoint: Checkpoint?, for key: LeaseKey, in test: TestStore) async throws -> String {
        let hash = try #require(checkpoint).artifact.sha256
        let bytes = try await test.store.artifact(hash, for: key).reduce(into: []) { $0 += $1 }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The ways in which an attempt ends after which another follows by itself.
    enum End: CaseIterable {
        case givenBack, lost, failed
    }

    @Test("the next attempt gets the newest checkpoint, however the one before ended", arguments: End.allCases)
    func goesOn(end: End) async throws {
        let test = try await TestStore()
        var jobs = Self.saving()
        jobs.jobs[0].retry = .init(limit: 1)
        try await test.pipeline(jobs)
        let first = try await claim(test, now: at(1))
        #expect(first.checkpoint == nil)
        try await save("step 1", for: first.key, in: test, now: at(2))
        try await save("step 2", for: first.key, in: test, now: at(3))
        switch end {
        case .givenBack: try await test.store.giveBack(first.key, because: "the runner stops", now: at(4))
        case .lost: #expect(try await test.store.rescue(now: at(100)) == [first.key])
        case .failed:
            try await test.store.complete(first.key, with: TestStore.result(scriptFailure, at: at(4)), now: at(4))
        }
        let second = try await claim(test, now: at(110))
        #expect(second.checkpoint?.attempt == 1 && second.checkpoint?.savedAt == at(3))
        #expect(try await text(second.checkpoint, for: second.key, in: test) == "step 2")
        #expect(try await test.job("train", of: 1).attempts.map(\.resumedFrom) == [nil, 1])
        // What the second has saved itself is not what it began with.
        try await save("step 3", for: second.key, in: test, now: at(111))
        #expect(try await test.store.acknowledge(second.key, now: at(112)).checkpoint == nil)
    }

    @Test("a checkpoint that breaks off, or has other bytes than announced, leaves the one before")
    func torn() async throws {
        let test = try await TestStore()
        try await test.pipeline(Self.saving())
        let first = try await claim(test, now: at(1))
        try await save("whole", for: first.key, in: test, now: at(2))
        let announced = try reference(Array("newer and longer".utf8))
        for sent in ["newer and", "other and longer", "newer and longer than that"] {
            await expectError(.invalid) {
                try await test.store.storeCheckpoint(
                    announced, content: self.stream(Array(sent.utf8)), for: first.key, now: at(3))
            }
        }
        struct Broken: Error {}
        let broken = AsyncThrowingStream<[UInt8], any Error> { $0.finish(throwing: Broken()) }
        await #expect(throws: (any Error).self) {
            try await test.store.storeCheckpoint(announced, content: broken, for: first.key, now: at(3))
        }
        try await test.store.giveBack(first.key, because: "stop", now: at(4))
        let second = try await claim(test, now: at(5))
        #expect(try await text(second.checkpoint, for: second.key, in: test) == "whole")
    }

    @Test("only the holder of the lease saves, and only for a job that names a checkpoint")
    func refused() async throws {
        let test = try await TestStore()
        try await test.pipeline(Self.saving())
        let first = try await claim(test, now: at(1))
        try await test.store.giveBack(first.key, because: "stop", now: at(2))
        await expectError(.leaseLost) { try await self.save("late", for: first.key, in: test, now: at(3)) }
        let second = try await claim(test, now: at(4))
        #expect(second.checkpoint == nil)
        let other = try await TestStore()
        try await other.pipeline(plan([("test", [])]))
        let plain = try await claim(other, now: at(1))
        await expectError(.refused) { try await self.save("x", for: plain.key, in: other, now: at(2)) }
    }

    @Test("no other job gets a checkpoint")
    func otherJob() async throws {
        let test = try await TestStore()
        let jobs = Self.saving()
        try await test.pipeline(Plan(stages: ["test"], jobs: jobs.jobs + Self.saving("sweep").jobs))
        let train = try await claim(test, now: at(1))
        try await save("mine", for: train.key, in: test, now: at(2))
        let sweep = try await claim(test, now: at(3))
        #expect(sweep.checkpoint == nil)
        let hash = try reference(Array("mine".utf8)).sha256
        await expectError(.refused) { _ = try await test.store.artifact(hash, for: sweep.key) }
    }

    @Test("a person's retry begins anew")
    func personsRetry() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(Self.saving())
        let first = try await claim(test, now: at(1))
        try await save("step 1", for: first.key, in: test, now: at(2))
        try await test.store.complete(first.key, with: TestStore.result(scriptFailure, at: at(3)), now: at(3))
        try await test.store.retry(try await test.job("train", of: id).id, by: "mira", now: at(4))
        #expect(try await claim(test, now: at(5)).checkpoint == nil)
    }

    @Test("where the bytes of a checkpoint are gone, the job begins anew")
    func lostBytes() async throws {
        let test = try await TestStore()
        try await test.pipeline(Self.saving())
        let first = try await claim(test, now: at(1))
        try await save("step 1", for: first.key, in: test, now: at(2))
        try await test.store.giveBack(first.key, because: "stop", now: at(3))
        let hash = try sha256(Array("step 1".utf8))
        try FileManager.default.removeItem(atPath: "\(test.folder)/blobs/\(hash.prefix(2))/\(hash.dropFirst(2))")
        #expect(try await claim(test, now: at(4)).checkpoint == nil)
        #expect(try await test.job("train", of: 1).attempts.map(\.resumedFrom) == [nil, nil])
    }

    @Test("however replaced checkpoints and new ones of the same bytes cross, the one that counts is there")
    func concurrent() async throws {
        let test = try await TestStore()
        try await test.pipeline(Self.saving())
        let first = try await claim(test, now: at(1))
        // The same few contents again and again, so that one is removed while another is stored.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<60 {
                group.addTask {
                    try await self.save("step \(number % 3)", for: first.key, in: test, now: at(Double(number)))
                }
            }
            try await group.waitForAll()
        }
        try await test.store.giveBack(first.key, because: "stop", now: at(99))
        let second = try await claim(test, now: at(100))
        #expect(try await text(second.checkpoint, for: second.key, in: test).hasPrefix("step "))
    }

    @Test("a replaced checkpoint goes at once, and the last one with the job's end")
    func retention() async throws {
        let test = try await TestStore()
        try await test.pipeline(Self.saving())
        let first = try await claim(test, now: at(1))
        try await save("step 1", for: first.key, in: test, now: at(2))
        try await save("step 2", for: first.key, in: test, now: at(3))
        await expectError(.notFound) { _ = try await test.store.artifact(try sha256(Array("step 1".utf8))) }
        let last = try sha256(Array("step 2".utf8))
        #expect(try await test.store.sweep(Retention(), now: at(4)).blobs == 0)
        _ = try await test.store.artifact(last)
        try await test.store.complete(first.key, with: TestStore.result(at: at(5)), now: at(5))
        let report = try await test.store.sweep(Retention(), now: at(6))
        #expect(report.checkpoints == 1 && report.blobs == 1)
        await expectError(.notFound) { _ = try await test.store.artifact(last) }
    }
}
