import PipelineModel

extension Store {
    /// Runs a job again that has ended, and after it the jobs that depend on it.
    ///
    /// Those that were not run because of it run now; those that had ended are stale and run again, except deployments,
    /// which wait for `play`. Attempts stay history.
    /// - Throws: `StoreError.refused` where it or a job that depends on it still runs, or where a job before it would
    ///   keep it from running, or where it would deploy something older than what its environment has. The message says which, and what to do.
    /// - Parameters:
    ///   - anyway: whether what a gate has failed is run again as well. No seed that counted is dropped for it.
    ///   - fresh: whether it runs though an earlier attempt proves that it need not. One that has run and passed does in any
    ///     case: its own attempt would prove it.
    public func retry(
        _ id: JobID, anyway: Bool = true, fresh: Bool = false, by: String, now: Timestamp
    ) async throws {
        try await changeByPerson(id, action: "job.retry", by: by, now: now) { change, index, connection in
            try change.retryNamed(index, anyway: anyway, fresh: fresh, on: connection, now: now)
        }
    }

    /// Runs every job again that failed, though it was allowed to, or was stopped, and the jobs that depend on them.
    /// - Returns: the names of the jobs that failed or were stopped.
    /// - Throws: `StoreError.refused` where there are none, or as for one job.
    public func retryFailed(_ id: PipelineID, by: String, now: Timestamp) async throws -> [String] {
        let settings = settings
        return try await change { connection, consequences in
            var change = try PipelineChange(id, on: connection)
            let names = try change.retryFailed(now: now)
            try change.save(on: connection, settings: settings, &consequences, now: now)
            try change.noteRetry(of: names, by: by, on: connection, now: now)
            return names
        }
    }
}

extension PipelineChange {
    /// Makes a job begin again that a person has named, unless that would be no remedy.
    mutating func retryNamed(
        _ index: Int, anyway: Bool, fresh: Bool, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        if !anyway { try refuseIfJudged(index) }
        try refuseIfOutdated(index, on: connection)
        if !fresh { try refuseIfProved(index) }
        try retry([index], isNamed: true, isFresh: fresh || jobs[index].state == .passed, now: now)
    }

    /// Keeps on record who made jobs begin again.
    func noteRetry(
        of names: [String], by person: String, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        try AuditEntry(
            at: now, by: person, action: "pipeline.retry", subject: "#\(pipeline.id)",
            detail: names.joined(separator: ", ")
        ).insert(on: connection)
    }

    /// Makes every job begin again that failed by accident: not what its gate has judged.
    /// - Returns: the names of those jobs.
    mutating func retryFailed(of node: String? = nil, now: Timestamp) throws -> [String] {
        let roots = jobs.indices.filter {
            jobs[$0].state.isUnsuccessful && jobs[$0].failure?.class != .gate
                && (node == nil || plan.jobs[$0].node == node)
        }
        guard !roots.isEmpty else {
            throw StoreError(
                .refused,
                message:
                    "No job of #\(pipeline.id)\(node.map { "/\($0)" } ?? "") failed or was cancelled. One that passed is "
                    + "named: pawl retry \(pipeline.id)/JOB")
        }
        let names = roots.map { jobs[$0].name }
        try retry(roots, isNamed: false, now: now)
        return names
    }

    /// Makes ended jobs begin again, with everything that depends on them.
    /// - Parameters:
    ///   - isNamed: whether a person named the one job, which starts it even where it waits for a person.
    ///   - isFresh: whether those run whatever is proved. Jobs that depend on them may be proved.
    mutating func retry(_ roots: [Int], isNamed: Bool, isFresh: Bool = false, now: Timestamp) throws {
        try refuseIfHeld()
        let progress = progress
        let names = Set(roots.map { jobs[$0].name })
        let dependants = Set(names.flatMap { progress.dependants(of: $0) })
        for index in roots { try refuseUnlessEnded(index) }
        for (index, job) in jobs.enumerated() where dependants.contains(job.name) {
            guard job.state != .running && job.state != .judging else {
                throw StoreError(
                    .refused,
                    message: "\(pipeline.id)/\(job.name) depends on \(names.sorted().joined(separator: ", ")) and is "
                        + "running. Wait for it, or stop it: pawl cancel \(pipeline.id)/\(jobs[index].name)")
            }
        }
        setReason(nil)
        for (index, job) in jobs.enumerated() {
            let isDependant = dependants.contains(job.name)
            if names.contains(job.name) && !(isDependant && hasEnvironment(index) && job.wasStarted) {
                update(index) { $0.beginAgain(isPlayed: isNamed || $0.isPlayed, priority: 0, isFresh: isFresh) }
            } else if isDependant || names.contains(job.name) {
                makeStale(index)
            }
        }
        if isNamed { for index in roots { try refuseIfNotRun(index, now: now) } }
    }

    /// The same seeds have the same verdict: running them again is no remedy.
    func refuseIfJudged(_ index: Int) throws {
        guard let failure = jobs[index].failure, failure.class == .gate else { return }
        let name = "\(pipeline.id)/\(jobs[index].name)"
        throw StoreError(
            .refused,
            message: "Nothing failed by accident: \(failure.message). Every seed that counted stays. "
                + "Run it again all the same: pawl retry \(name) --anyway")
    }

    /// The same attempt would prove it again.
    func refuseIfProved(_ index: Int) throws {
        guard jobs[index].state == .proved else { return }
        let name = "\(pipeline.id)/\(jobs[index].name)"
        throw StoreError(
            .refused,
            message: "\(name) is \(jobs[index].summary ?? "proved"): nothing has run that could run again. "
                + "Run it all the same: pawl retry \(name) --fresh")
    }

    private func refuseUnlessEnded(_ index: Int) throws {
        let job = jobs[index]
        let name = "\(pipeline.id)/\(job.name)"
        switch job.state {
        case .passed, .proved, .failed, .failedAllowed, .cancelled: return
        case .notRun:
            throw StoreError(
                .refused,
                message: job.because.map { "\(name) was not run because of \($0): pawl retry \(pipeline.id)/\($0)" }
                    ?? "\(name) was not needed: it runs when a job before it fails.")
        case .manual: throw StoreError(.refused, message: "\(name) has not been started: pawl play \(name)")
        case .waiting, .proving, .ready, .running, .judging:
            throw StoreError(
                .refused, message: "\(name) has not ended (\(job.state.rawValue)). Wait for it, or: pawl cancel \(name)"
            )
        }
    }

    /// What a job becomes that depends on one that begins again.
    private mutating func makeStale(_ index: Int) {
        let job = jobs[index]
        let isStaleDeployment = hasEnvironment(index) && job.state.isEnded && job.wasStarted
        // A deployment made stale before waits for a person though its plan does not say so.
        let waitsAlready = job.state == .manual && plan.jobs[index].when != .manual
        if isStaleDeployment || waitsAlready {
            update(index) { $0.beginAgain(as: .manual, isPlayed: false) }
        } else {
            update(index) { $0.beginAgain(isPlayed: $0.isPlayed) }
        }
    }

    private func hasEnvironment(_ index: Int) -> Bool { plan.jobs[index].environment != nil }
}
