import PipelineModel

extension StoredGPU {
    /// Writes down what a runner sees of its devices. One that failed is set aside until it was checked, even when it
    /// seems well again; so is one that is not there any more.
    static func note(
        _ seen: [GPU], of runner: RunnerID, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        let known = Dictionary(try all(of: runner, on: connection).map { ($0.gpu.uuid, $0) }) { first, _ in first }
        for gpu in seen {
            let failure: String? = if case .failed(let why) = gpu.condition { why } else { nil }
            try connection.execute(
                """
                INSERT INTO gpu (runner, uuid, device, memory, is_usable, set_aside, set_aside_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (runner, uuid) DO UPDATE
                SET device = excluded.device, memory = excluded.memory, is_usable = excluded.is_usable,
                    set_aside = coalesce(gpu.set_aside, excluded.set_aside),
                    set_aside_at = coalesce(gpu.set_aside_at, excluded.set_aside_at)
                """, runner, gpu.uuid, try jsonText(gpu), gpu.memory, gpu.condition == .usable, failure,
                failure == nil ? nil : now)
        }
        let there = Set(seen.map(\.uuid))
        for (uuid, gone) in known where !there.contains(uuid) && gone.setAside == nil {
            try connection.execute(
                "UPDATE gpu SET set_aside = $2, set_aside_at = $3, is_usable = 0 WHERE id = $1",
                gone.id, "its machine does not see it any more", now)
        }
    }
}

extension StoredGPU {
    /// Sets devices aside that failed under an attempt, so that no other is given one before their runner is heard of
    /// again. An attempt tells of its own devices alone.
    static func setAside(
        _ faults: [GPUFault], of key: LeaseKey, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        for fault in faults.prefix(64) {
            try connection.execute(
                """
                UPDATE gpu SET set_aside = coalesce(set_aside, $3), set_aside_at = coalesce(set_aside_at, $4), is_usable = 0
                WHERE attempt = $1 AND uuid = $2
                """, key.attempt, fault.uuid, String(fault.reason.prefix(200)), now)
        }
    }
}

extension Store {
    /// Lets devices of a runner that were set aside serve again, where its machine sees them well now; forgets those
    /// that are not there any more.
    /// - Parameter index: the one device; nil for all that are set aside.
    /// - Returns: the devices that were set aside, as they are now.
    /// - Throws: `StoreError.notFound` where there is no such runner or device.
    public func checkGPUs(
        of name: String, index: Int?, by: String, now: Timestamp
    ) async throws -> [StoredGPU] {
        let checked = try await database.write { connection -> [StoredGPU] in
            let row = try connection.row("SELECT id FROM runner WHERE name = $1 AND removed_at IS NULL", name)
            guard let id = try row?.id("id", RunnerID.self) else {
                throw StoreError(.notFound, message: "There is no runner \(name).  pawl runner list")
            }
            let all = try StoredGPU.all(of: id, on: connection)
            if let index, !all.contains(where: { $0.gpu.index == index }) {
                throw StoreError(.notFound, message: "\(name) has no GPU \(index).  pawl runner show \(name)")
            }
            let chosen = all.filter { $0.setAside != nil && (index == nil || $0.gpu.index == index) }
            for gpu in chosen {
                try connection.execute(
                    "UPDATE gpu SET set_aside = NULL, set_aside_at = NULL WHERE id = $1 AND is_usable = 1", gpu.id)
            }
            let places = chosen.map { String($0.gpu.index) }.joined(separator: ", ")
            try AuditEntry(at: now, by: by, action: "runner.check", subject: name, detail: "GPUs \(places)")
                .insert(on: connection)
            let ids = Set(chosen.map(\.id))
            return try StoredGPU.all(of: id, on: connection).filter { ids.contains($0.id) }
        }
        readyJobs.give()
        return checked
    }
}
