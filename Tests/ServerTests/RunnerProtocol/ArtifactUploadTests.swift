import Foundation
import PipelineModel
import Store
import Testing

@testable import Server

/// What is kept of artifacts on their way, and who may write to them.
@Suite("An artifact on its way", .timeLimit(.minutes(4)))
struct ArtifactUploadTests {
    private static let bytes = Array("an archive".utf8)
    private static let limit = ByteCount.mebibytes(1)

    private func upload(
        _ bench: CoordinatorBench, _ artifact: ArtifactReference, for key: LeaseKey
    ) async throws -> ArtifactUpload {
        try await bench.server.store.openUpload(
            of: artifact.sha256, size: artifact.size.bytes, limit: Self.limit, for: key)
    }

    @Test("nobody writes to it once it is being kept")
    func kept() async throws {
        try await CoordinatorBench.serve(.local) { bench in
            try await bench.pipeline([.plain()])
            let key = try await bench.start().key
            let artifact = try TestBytes.reference(to: Self.bytes)
            let upload = try await upload(bench, artifact, for: key)
            try await upload.write(Self.bytes)
            try await bench.server.store.keepUpload(artifact, for: key, now: bench.server.now)
            await #expect(throws: StoreError.self) { try await upload.write([]) }
            var stored: [UInt8] = []
            for try await part in try await bench.server.store.artifact(artifact.sha256) { stored += part }
            #expect(stored == Self.bytes)
        }
    }

    @Test("the connection that sends it last is the one that writes")
    func takenOver() async throws {
        try await CoordinatorBench.serve(.local) { bench in
            try await bench.pipeline([.plain()])
            let key = try await bench.start().key
            let artifact = try TestBytes.reference(to: Self.bytes)
            let first = try await upload(bench, artifact, for: key)
            try await first.write(Array(Self.bytes.prefix(4)))
            let second = try await upload(bench, artifact, for: key)
            #expect(second.stored == 4)
            await #expect(throws: StoreError.self) { try await first.write([0]) }
            try await second.write(Array(Self.bytes.dropFirst(4)))
            try await bench.server.store.keepUpload(artifact, for: key, now: bench.server.now)
        }
    }

    @Test("content that others have stored is not got by naming its hash")
    func noFreeRide() async throws {
        try await CoordinatorBench.serve(.local) { bench in
            try await bench.pipeline([.plain("first"), .plain("second")])
            let artifact = try TestBytes.reference(to: Self.bytes)
            let first = try await bench.start().key
            try await bench.coordinator.store(artifact, content: TestBytes.stream(Self.bytes), for: first)
            let second = try await bench.start().key
            #expect(try await bench.server.store.uploadedSize(of: artifact.sha256, for: second) == 0)
            await #expect(throws: StoreError.self) {
                try await bench.server.store.keepUpload(artifact, for: second, now: bench.server.now)
            }
        }
    }

    @Test("it goes with its attempt")
    func ended() async throws {
        try await CoordinatorBench.serve(.local) { bench in
            try await bench.pipeline([.plain()])
            let artifact = try TestBytes.reference(to: Self.bytes)
            let folder = bench.server.dataFolder + "/uploads"
            let key = try await bench.start().key
            try await upload(bench, artifact, for: key).write([1])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["\(key.attempt)"])
            try await bench.coordinator.giveBack(key, because: "not now")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            // What a crash has left goes with the next sweep, and what is still being sent stays.
            let next = try await bench.start().key
            try await upload(bench, artifact, for: next).write([1])
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(key.attempt)", withIntermediateDirectories: false)
            _ = try await bench.server.store.sweep(Retention(), now: bench.server.now)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["\(next.attempt)"])
        }
    }

    @Test("all that an attempt sends is bounded, what is kept already among it")
    func bounded() async throws {
        try await CoordinatorBench.serve(.local) { bench in
            try await bench.pipeline([.plain()])
            let key = try await bench.start().key
            let store = bench.server.store
            let half = TestBytes.of(600 << 10)
            let artifact = try TestBytes.reference(to: half)
            try await upload(bench, artifact, for: key).write(half)
            let other = try TestBytes.reference(to: Array(half.reversed()))
            await #expect(throws: StoreError.self) { _ = try await upload(bench, other, for: key) }
            try await store.keepUpload(artifact, for: key, now: bench.server.now)
            await #expect(throws: StoreError.self) { _ = try await upload(bench, other, for: key) }
        }
    }
}
