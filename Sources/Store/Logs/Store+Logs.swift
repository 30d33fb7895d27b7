import PipelineModel

/// A part of an attempt's log.
public struct LogChunk: Hashable, Sendable {
    /// The bytes, masked and with carriage returns collapsed by the runner.
    public var bytes: [UInt8]
    /// Where they begin.
    public var offset: Int64
    /// Whether the log ends with them: the attempt has ended and nothing is stored past them.
    public var isLast: Bool
}

extension Store {
    /// Adds bytes to an attempt's log at an offset. Bytes that are there already are skipped; where bytes before the
    /// offset are missing nothing is added. Either way the runner goes on from what this returns.
    /// - Returns: the offset up to which the log is stored now.
    /// - Throws: `StoreError.leaseLost` where the attempt is not the runner's any more.
    public func appendLog(_ bytes: [UInt8], at offset: Int64, to key: LeaseKey) async throws -> Int64 {
        let (pipeline, state) = try await place(of: key)
        guard state == .running else {
            // A repetition of what is stored already does no harm.
            let size = try await logs.size(attempt: key.attempt, of: pipeline)
            if offset >= 0, offset + Int64(bytes.count) <= size { return size }
            throw StoredAttempt.leaseLost(key)
        }
        return try await logs.append(bytes, at: offset, attempt: key.attempt, of: pipeline)
    }

    /// A part of an attempt's log, at most `limit` bytes.
    /// - Throws: `StoreError.notFound` where there is no such attempt, or retention has removed its log.
    public func readLog(of attempt: AttemptID, from offset: Int64 = 0, limit: Int = 1 << 20) async throws -> LogChunk {
        let row = try await database.read { connection in
            try connection.row(
                """
                SELECT attempt.state, attempt.log_removed_at, job.pipeline
                FROM attempt JOIN job ON job.id = attempt.job WHERE attempt.id = $1
                """, attempt)
        }
        guard let row else { throw StoreError(.notFound, message: "There is no attempt \(attempt).") }
        guard try row.optionalTime("log_removed_at") == nil else {
            throw StoreError(.notFound, message: "The log of attempt \(attempt) is not kept any more.")
        }
        let state: AttemptState = try row.word("state")
        let bytes = try await logs.read(from: offset, limit: limit, attempt: attempt, of: try row.id("pipeline"))
        let hasEnded = state != .claimed && state != .running
        return LogChunk(bytes: bytes, offset: max(offset, 0), isLast: hasEnded && bytes.count < limit)
    }

    /// Tells that an attempt's log has grown or ended. Take it and its count before reading.
    public func logSignal(of attempt: AttemptID) -> Signal { logs.signal(of: attempt) }

    /// How much of a log is stored.
    func logSize(of key: LeaseKey) async throws -> Int64 {
        let (pipeline, _) = try await place(of: key)
        return try await logs.size(attempt: key.attempt, of: pipeline)
    }

    /// The pipeline of a lease, and where its attempt is.
    func place(of key: LeaseKey) async throws -> (PipelineID, AttemptState) {
        try await database.read { connection in
            let attempt = try StoredAttempt.find(key, on: connection)
            return (try Self.pipeline(of: key.job, on: connection), attempt.state)
        }
    }
}
