import PipelineModel

extension Store {
    /// How much of an artifact an attempt has sent already, in bytes.
    /// - Throws: `StoreError.leaseLost`; `invalid` where the hash is none.
    public func uploadedSize(of sha256: String, for key: LeaseKey) async throws -> Int64 {
        guard try await place(of: key).1 == .running else { throw StoredAttempt.leaseLost(key) }
        return try await uploads.size(of: sha256, attempt: key.attempt)
    }

    /// Begins to take a piece of an artifact. It is put after what is there.
    /// - Parameters:
    ///   - size: how large the whole artifact is.
    ///   - limit: how much all artifacts of an attempt may have together.
    /// - Throws: `StoreError.leaseLost`; `invalid` where the hash is none; `refused` where it is too large.
    public func openUpload(
        of sha256: String, size: Int64, limit: ByteCount, for key: LeaseKey
    ) async throws -> ArtifactUpload {
        let (kept, isRunning) = try await database.read { connection in
            let state = try StoredAttempt.find(key, on: connection).state
            let row = try connection.row(
                "SELECT coalesce(sum(size), 0) AS kept FROM artifact WHERE attempt = $1 AND sha256 <> $2", key.attempt,
                sha256)
            return (try row?.integer("kept") ?? 0, state == .running)
        }
        guard isRunning else { throw StoredAttempt.leaseLost(key) }
        return try await uploads.open(sha256, attempt: key.attempt, size: size, room: limit.bytes - kept)
    }

    /// Keeps an artifact whose pieces are all there, and ties it to the attempt, as `storeArtifact` does. May be repeated.
    /// - Throws: `StoreError.leaseLost`; `invalid` where the bytes are not those of the hash and size: they are removed, and
    ///   to be sent again from the beginning.
    public func keepUpload(
        _ artifact: ArtifactReference, for key: LeaseKey, keptFor retention: Duration? = nil, now: Timestamp
    ) async throws {
        let isKept = try await database.read { connection in
            _ = try StoredAttempt.held(key, in: [.running], on: connection)
            return try connection.row(
                "SELECT id FROM artifact WHERE attempt = $1 AND sha256 = $2", key.attempt, artifact.sha256) != nil
        }
        if isKept { return }
        try await keep(artifact, for: key, keptFor: retention, now: now) { try await adopt(artifact, of: key.attempt) }
    }

    /// Keeps a checkpoint whose pieces are all there, as `storeCheckpoint` does. May be repeated.
    /// - Throws: as `keepUpload`; `StoreError.refused` where the job saves nothing.
    public func keepUploadedCheckpoint(_ artifact: ArtifactReference, for key: LeaseKey, now: Timestamp) async throws {
        let isKept = try await database.read { connection in
            try connection.row(
                "SELECT job FROM checkpoint WHERE job = $1 AND attempt = $2 AND sha256 = $3",
                key.job, key.attempt, artifact.sha256) != nil
        }
        try await keepCheckpoint(artifact, for: key, now: now) {
            if !isKept { try await adopt(artifact, of: key.attempt) }
        }
    }

    private func adopt(_ artifact: ArtifactReference, of attempt: AttemptID) async throws {
        do {
            try await blobs.adopt(sha256: artifact.sha256, size: artifact.size) { target in
                try await uploads.move(artifact.sha256, attempt: attempt, to: target)
            }
        } catch let error as StoreError where error.code == .notFound {
            throw StoreError(.invalid, message: "Nothing of this archive has come. Send it first.")
        }
    }

    /// Removes what attempts have sent that are over and that was never kept, as after a crash.
    func removeAbandonedUploads() async throws {
        let found = try await uploads.attempts()
        guard !found.isEmpty else { return }
        let live = try await database.read { connection in
            try connection.rows("SELECT id FROM attempt WHERE state IN ('claimed', 'running')").map { row in
                try row.id("id", AttemptID.self)
            }
        }
        for attempt in Set(found).subtracting(live) { await uploads.remove(attempt) }
    }
}
