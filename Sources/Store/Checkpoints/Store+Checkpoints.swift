import PipelineModel

extension Store {
    /// Keeps what an attempt has saved of its job's work, in place of what was kept of the job before. May be repeated;
    /// content that is there already is not read again.
    ///
    /// The bytes are whole, hashed and on disk before anything refers to them, so that what was kept before counts until
    /// then: a checkpoint that broke off on its way is never used.
    /// - Throws: `StoreError.leaseLost` where the attempt is not the runner's any more; `refused` where its job saves
    ///   nothing; `invalid` where the content has another hash or size than the reference says.
    public func storeCheckpoint(
        _ artifact: ArtifactReference, content: AsyncThrowingStream<[UInt8], any Error>, for key: LeaseKey,
        now: Timestamp
    ) async throws {
        try await keepCheckpoint(artifact, for: key, now: now) {
            try await blobs.store(sha256: artifact.sha256, size: artifact.size, content: content)
        }
    }

    /// Keeps a checkpoint.
    /// - Parameter bring: puts its content among the blobs.
    func keepCheckpoint(
        _ artifact: ArtifactReference, for key: LeaseKey, now: Timestamp, bring: () async throws -> Void
    ) async throws {
        guard artifact.size.bytes >= 0, artifact.fileCount >= 0 else {
            throw StoreError(.invalid, message: "A checkpoint has a size and a number of files that are not negative.")
        }
        try await database.read { connection in
            _ = try StoredAttempt.held(key, in: [.running], on: connection)
            let change = try PipelineChange(try Self.pipeline(of: key.job, on: connection), on: connection)
            guard change.plan.jobs[try change.index(of: key.job)].ml?.checkpoint != nil else {
                throw StoreError(.refused, message: "The job of attempt \(key.attempt) names no checkpoint.")
            }
        }
        let replaced = try await blobs.pinning(artifact.sha256) {
            try await bring()
            return try await database.write { connection -> String? in
                _ = try StoredAttempt.held(key, in: [.running], on: connection)
                let before = try connection.row("SELECT sha256 FROM checkpoint WHERE job = $1", key.job)
                try connection.execute(
                    """
                    INSERT INTO checkpoint (job, attempt, sha256, size, file_count, saved_at)
                    VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (job) DO UPDATE
                    SET attempt = excluded.attempt, sha256 = excluded.sha256, size = excluded.size,
                        file_count = excluded.file_count, saved_at = excluded.saved_at
                    """, key.job, key.attempt, artifact.sha256, artifact.size.bytes, artifact.fileCount, now)
                return try before?.text("sha256")
            }
        }
        if let replaced, replaced != artifact.sha256 { await removeBlob(replaced) }
    }

    /// Removes the bytes of a checkpoint that another has replaced, so that a long job does not fill the disk between two
    /// sweeps. What fails is left to the sweep.
    private func removeBlob(_ sha256: String) async {
        do {
            try await blobs.remove(sha256) { try await !self.referenced(among: [sha256]).isEmpty }
        } catch {
            settings.logger.warning(
                "a replaced checkpoint is left to the sweep", metadata: ["sha256": "\(sha256)", "error": "\(error)"])
        }
    }

    /// What an attempt goes on from: what another one at the same job has saved.
    static func checkpoint(for attempt: StoredAttempt, on connection: any DatabaseConnection) throws -> Checkpoint? {
        let row = try connection.row(
            """
            SELECT 'checkpoint' AS row_table, checkpoint.sha256, checkpoint.size, checkpoint.file_count,
                checkpoint.saved_at, attempt.number
            FROM checkpoint JOIN attempt ON attempt.id = checkpoint.attempt
            WHERE checkpoint.job = $1 AND checkpoint.attempt <> $2
            """, attempt.job, attempt.id)
        guard let row else { return nil }
        return Checkpoint(
            artifact: ArtifactReference(
                sha256: try row.text("sha256"), size: ByteCount(bytes: try row.integer("size")),
                fileCount: try row.int("file_count"), paths: []),
            attempt: try row.int("number"), savedAt: try row.time("saved_at"))
    }

    /// An attempt that begins anew where the bytes of its checkpoint are not there, as after a backup of the database alone
    /// was restored: it would fail else, and the next one too.
    func withoutLostCheckpoint(_ attempt: AcknowledgedAttempt) async throws -> AcknowledgedAttempt {
        guard let checkpoint = attempt.checkpoint, try await !blobs.contains(checkpoint.artifact.sha256) else {
            return attempt
        }
        let key = attempt.key
        settings.logger.error(
            "a checkpoint's bytes are gone; the job begins anew",
            metadata: ["job.id": "\(key.job)", "sha256": "\(checkpoint.artifact.sha256)"])
        try await database.write { connection in
            try connection.execute(
                "DELETE FROM checkpoint WHERE job = $1 AND sha256 = $2", key.job, checkpoint.artifact.sha256)
            try connection.execute("UPDATE attempt SET resumed_from = NULL WHERE id = $1", key.attempt)
        }
        var anew = attempt
        anew.checkpoint = nil
        return anew
    }

    /// Forgets what a job has saved: a person makes it begin anew.
    static func forgetCheckpoint(of job: JobID, on connection: any DatabaseConnection) throws {
        try connection.execute("DELETE FROM checkpoint WHERE job = $1", job)
    }

    /// Forgets what jobs have saved that have ended.
    /// - Returns: how many there were.
    func removeEndedCheckpoints() async throws -> Int {
        try await database.write { connection in
            try connection.execute(
                """
                DELETE FROM checkpoint WHERE job IN (
                    SELECT checkpoint.job FROM checkpoint JOIN job ON job.id = checkpoint.job
                    WHERE job.state IN ('passed', 'proved', 'failed', 'failed_allowed', 'cancelled', 'not_run'))
                """)
        }
    }
}
