import Foundation
import Hummingbird
import PipelineModel
import Store

extension APIRoutes {
    /// The bytes of an attempt's log from an offset on, and with `follow=true` until the log is complete.
    func log(_ call: APICall) async throws -> Response {
        let detail = try await call.pipeline()
        let job = try call.job(of: detail)
        let number = try call.number("attempt", in: 0...10_000, default: 0)
        let offset = try call.number("offset", in: 0...Int64.max, default: 0)
        let follows = call.flag("follow")
        if number > 0, !job.attempts.contains(where: { $0.number == number }) {
            throw APIRefusal(
                .notFound, "\(detail.pipeline.id)/\(job.name) has \(job.attempts.count) attempts.  pawl show")
        }
        let current = number == 0 ? job.attempts.last : job.attempts.first { $0.number == number }
        if current == nil && (!follows || job.state.isEnded) {
            let subject = "\(detail.pipeline.id)/\(job.name)"
            if let proving = job.provedBy {
                throw APIRefusal(
                    .notFound, "\(subject) is proved and has not run.  pawl logs \(proving.pipeline)/\(proving.job)")
            }
            throw APIRefusal(.notFound, "\(subject) has not run, so it has no log.  pawl why \(subject)")
        }
        if let current, current.logRemovedAt != nil {
            throw APIRefusal(.notFound, "the log of attempt \(current.number) is older than retention keeps logs")
        }
        let store = call.store
        return .streaming(call.request, type: "text/plain; charset=utf-8", headers: [.xContentTypeOptions: "nosniff"]) {
            writer in
            var attempt = current?.id
            if attempt == nil { attempt = try await Self.firstAttempt(of: job.id, in: store) }
            guard let attempt else { return }
            let reader = LogReader(store: store, attempt: attempt)
            try await reader.read(from: offset, follows: follows) { bytes, _ in
                try await writer.write(ByteBuffer(bytes: bytes))
            }
        }
    }

    /// Waits until a job has an attempt; nil when it ends without one.
    private static func firstAttempt(of id: JobID, in store: Store) async throws -> AttemptID? {
        while true {
            let seen = store.pipelineChanged.count
            guard let job = try await store.job(id) else { return nil }
            if let attempt = job.attempts.last { return attempt.id }
            if job.state.isEnded { return nil }
            await store.pipelineChanged.wait(after: seen, atMost: keepAlive)
            try Task.checkCancellation()
        }
    }

    /// Files that an attempt left, as the packed archive that is stored.
    func artifact(_ call: APICall) async throws -> Response {
        let detail = try await call.pipeline()
        let job = try call.job(of: detail)
        let number = try call.number("attempt", in: 0...10_000, default: 0)
        if number == 0, let proving = job.provedBy,
            let proof = try await call.store.job(named: proving.job, of: proving.pipeline)
        {
            return try await ArtifactDownload(
                store: call.store, pipeline: proving.pipeline, job: proof, attempt: proving.number,
                sha256: call.query("sha256")
            ).response()
        }
        return try await ArtifactDownload(
            store: call.store, pipeline: detail.pipeline.id, job: job, attempt: number, sha256: call.query("sha256")
        ).response()
    }

    /// A copy of the database as it is at one moment, as a file to be saved.
    func backup(_ call: APICall) async throws -> Response {
        let path = environment.temporaryFolder + "/backup-\(UUID().uuidString).sqlite"
        defer { unlink(path) }
        try await call.store.backup(to: path)
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw APIRefusal(.unavailable, "the copy for the backup could not be read back.  pawl doctor")
        }
        let size = Int64(try file.seekToEnd())
        try file.seek(toOffset: 0)
        try await call.store.record(
            AuditEntry(
                at: call.now, by: call.by, action: AuditEntry.backupAction, subject: "database", detail: "\(size) B"))
        // The open handle keeps the file's content; its name goes at once, so that nothing is left over after a crash.
        return .download(named: "pawl.sqlite", size: size) { writer in
            defer { try? file.close() }
            while let part = try file.read(upToCount: 256 << 10), !part.isEmpty {
                try await writer.write(ByteBuffer(bytes: part))
            }
        }
    }
}

extension AuditEntry {
    /// What taking a backup is called.
    public static let backupAction = "backup.take"
}

/// Reads an attempt's log from the store, as far as it goes or until it is complete.
struct LogReader: Sendable {
    let store: Store
    let attempt: AttemptID

    /// Gives the bytes and the offset after them, piece by piece. Woken by the log's signal; nothing is asked in vain.
    func read(
        from start: Int64, follows: Bool, _ take: (_ bytes: [UInt8], _ end: Int64) async throws -> Void
    ) async throws {
        let signal = store.logSignal(of: attempt)
        var offset = start
        while true {
            let seen = signal.count
            let chunk = try await store.readLog(of: attempt, from: offset, limit: 256 << 10)
            if !chunk.bytes.isEmpty {
                offset = chunk.offset + Int64(chunk.bytes.count)
                try await take(chunk.bytes, offset)
                continue
            }
            if chunk.isLast || !follows { return }
            await signal.wait(after: seen, atMost: APIRoutes.keepAlive)
            try Task.checkCancellation()
        }
    }
}

/// An archive of an attempt, found by what the asker named.
struct ArtifactDownload: Sendable {
    let store: Store
    let pipeline: PipelineID
    let job: StoredJob
    /// The attempt's number; 0 for the newest that left something.
    let attempt: Int
    /// Which archive of it; nil for the first.
    let sha256: String?

    func response() async throws -> Response {
        let attempts = attempt == 0 ? job.attempts.reversed() : job.attempts.filter { $0.number == attempt }
        let candidates = attempts.flatMap { attempt in attempt.artifacts.map { (attempt.number, $0) } }
        guard let (number, found) = candidates.first(where: { sha256 == nil || $0.1.sha256 == sha256 }) else {
            throw APIRefusal(.notFound, "\(pipeline)/\(job.name) left no such artifact.  pawl show \(pipeline)")
        }
        let content = try await store.artifact(found.sha256)
        let name = "\(pipeline)-\(job.name)-\(number).tar.zst"
        return .download(named: name, size: found.size.bytes) { writer in
            for try await part in content { try await writer.write(ByteBuffer(bytes: part)) }
        }
    }
}
