import PipelineModel

extension Store {
    /// Starts a job that waits for a person, as soon as the jobs before it allow.
    /// - Throws: `StoreError.refused` where it does not wait for a person, its pipeline is held, or it would deploy
    ///   something older than what its environment has.
    public func play(_ id: JobID, by: String, now: Timestamp) async throws {
        try await changeByPerson(id, action: "job.play", by: by, now: now) { change, index, connection in
            let job = change.jobs[index]
            try change.refuseIfHeld()
            let isFutureManual =
                job.state == .waiting && change.plan.jobs[index].when == .manual && !job.isPlayed
            let isDelayed = job.state == .ready && change.isDelayed(index, now: now)
            guard job.state == .manual || isFutureManual || isDelayed else {
                let advice = job.state.isEnded ? "pawl retry \(change.pipeline.id)/\(job.name)" : "it needs no play"
                throw StoreError(
                    .refused,
                    message: "\(change.pipeline.id)/\(job.name) does not wait for a person "
                        + "(\(job.state.rawValue)): \(advice)")
            }
            try change.refuseIfOutdated(index, on: connection)
            try change.play(index, now: now)
        }
    }

    /// Lets a held pipeline go on. The approval is for the commit named, and for no other.
    /// - Throws: `StoreError.refused` where the pipeline is not held, or is for another commit.
    public func approve(_ id: PipelineID, commit: String, by: String, now: Timestamp) async throws {
        let settings = settings
        try await change { connection, consequences in
            var change = try PipelineChange(id, on: connection)
            try change.approve(commit: commit, by: by, on: connection, now: now)
            try change.save(on: connection, settings: settings, &consequences, now: now)
        }
    }
}

extension PipelineChange {
    /// Lets it go on where it is held for that commit.
    mutating func approve(
        commit: String, by person: String, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        let id = pipeline.id
        guard pipeline.state == .held else {
            throw StoreError(.refused, message: "#\(id) is not held (\(pipeline.state.rawValue)); nothing to approve.")
        }
        guard pipeline.commit == commit else {
            throw StoreError(
                .refused,
                message: "#\(id) is for commit \(pipeline.commit.prefix(12)), "
                    + "not \(commit.prefix(12)): an approval is for one commit. Look at it again: pawl show \(id)")
        }
        release(to: .running, approvedBy: person)
        try AuditEntry(at: now, by: person, action: "pipeline.approve", subject: "#\(id)", detail: commit)
            .insert(on: connection)
    }

    /// A held pipeline is approved or cancelled as a whole.
    func refuseIfHeld() throws {
        guard pipeline.state == .held else { return }
        throw StoreError(
            .refused,
            message: "#\(pipeline.id) is held until a maintainer approves its commit: pawl approve \(pipeline.id)")
    }

    /// Starts a job that waits for a person, unless what stands before it keeps it from running at all. Jobs that were
    /// not run, perhaps only because nobody had started it, wait for it now.
    /// Whether a job waits for nothing but its own delay.
    func isDelayed(_ index: Int, now: Timestamp) -> Bool {
        plan.jobs[index].when == .delayed && jobs[index].spent + jobs[index].spentOurs == 0
            && jobs[index].readyAt.map { $0 > now } ?? false
    }

    mutating func play(_ index: Int, now: Timestamp) throws {
        let dependants = Set(progress.dependants(of: jobs[index].name))
        update(index) { $0.beginAgain(isPlayed: true, priority: 0) }
        for (later, job) in jobs.enumerated() where job.state == .notRun && dependants.contains(job.name) {
            update(later) { $0.beginAgain(isPlayed: $0.isPlayed) }
        }
        try refuseIfNotRun(index, now: now)
    }

    /// Refuses a person's wish that the jobs before it would turn into nothing at once.
    mutating func refuseIfNotRun(_ index: Int, now: Timestamp) throws {
        settle(now: now)
        guard jobs[index].state == .notRun else { return }
        let name = "\(pipeline.id)/\(jobs[index].name)"
        guard let cause = jobs[index].because else {
            throw StoreError(.refused, message: "\(name) is not needed: it runs when a job before it fails.")
        }
        throw StoreError(
            .refused,
            message: "\(name) needs \(cause), which did not pass. Retry that one: "
                + "pawl retry \(pipeline.id)/\(cause)")
    }
}
