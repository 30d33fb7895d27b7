import PipelineModel

extension Store {
    /// Keeps an archive and ties it to an attempt, for as long as the plan asks, by the server's own clock. May be repeated;
    /// content that is there already is not read again.
    /// - Parameter retention: how long it is kept where the plan does not say; nil means for ever.
    /// - Throws: `StoreError.leaseLost` where the attempt is not the runner's any more; `invalid` where the content has
    ///   another hash or size than the reference says, or the reference is wrong.
    public func storeArtifact(
        _ artifact: ArtifactReference, content: AsyncThrowingStream<[UInt8], any Error>, for key: LeaseKey,
        keptFor retention: Duration? = nil, now: Timestamp
    ) async throws {
        try await keep(artifact, for: key, keptFor: retention, now: now) {
            try await blobs.store(sha256: artifact.sha256, size: artifact.size, content: content)
        }
    }

    /// Ties an archive to an attempt.
    /// - Parameter bring: puts its content among the blobs.
    func keep(
        _ artifact: ArtifactReference, for key: LeaseKey, keptFor retention: Duration?, now: Timestamp,
        bring: () async throws -> Void
    ) async throws {
        guard artifact.size.bytes >= 0, artifact.fileCount >= 0 else {
            throw StoreError(.invalid, message: "An artifact has a size and a number of files that are not negative.")
        }
        guard try await place(of: key).1 == .running else { throw StoredAttempt.leaseLost(key) }
        let paths = try jsonText(artifact.paths.prefix(100).map { $0.cut(to: 1_024) })
        try await blobs.pinning(artifact.sha256) {
            try await bring()
            try await database.write { connection in
                _ = try StoredAttempt.held(key, in: [.running], on: connection)
                let change = try PipelineChange(try Self.pipeline(of: key.job, on: connection), on: connection)
                let planned = change.plan.jobs[try change.index(of: key.job)].artifacts?.expireIn
                try connection.execute(
                    """
                    INSERT INTO artifact (attempt, sha256, size, file_count, paths, expires_at)
                    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (attempt, sha256) DO NOTHING
                    """,
                    key.attempt, artifact.sha256, artifact.size.bytes, artifact.fileCount, paths,
                    (planned ?? retention).map { now + $0 })
            }
        }
    }

    /// The content of an artifact or a checkpoint that an attempt was assigned.
    /// - Throws: `StoreError.leaseLost`; `refused` where the attempt's job does not get that artifact; `notFound` where it
    ///   is not kept any more.
    public func artifact(
        _ sha256: String, for key: LeaseKey
    ) async throws -> AsyncThrowingStream<[UInt8], any Error> {
        try await blobs.content(of: try await assignedArtifact(sha256, for: key).sha256)
    }

    /// An artifact that an attempt was assigned.
    /// - Throws: `StoreError.leaseLost`; `refused` where the attempt's job does not get that artifact.
    public func assignedArtifact(_ sha256: String, for key: LeaseKey) async throws -> ArtifactReference {
        let assigned = try await database.read { connection in
            let attempt = try StoredAttempt.held(key, in: [.running], on: connection)
            let assigned = try Self.describe(attempt, on: connection)
            let references = assigned.artifacts.map(\.artifact) + [assigned.checkpoint?.artifact].compactMap(\.self)
            return references.first { $0.sha256 == sha256 }
        }
        guard let assigned else {
            throw StoreError(
                .refused, message: "Attempt \(key.attempt) was not assigned the artifact \(sha256.cut(to: 64)).")
        }
        return assigned
    }

    /// The content of an artifact, for a person who may read its pipeline.
    /// - Throws: `StoreError.notFound` where it is not kept.
    public func artifact(
        _ sha256: String, from offset: Int64 = 0
    ) async throws -> AsyncThrowingStream<[UInt8], any Error> {
        try await blobs.content(of: sha256, from: offset)
    }
}
