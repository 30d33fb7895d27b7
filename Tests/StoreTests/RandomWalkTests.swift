import PipelineModel
import TestSupport
import Testing

@testable import Store

@Suite struct RandomWalkTests {
    @Test("no walk of claims, results, losses, stops and retries breaks the queue's promises", arguments: 1...12)
    func walk(seed: UInt64) async throws {
        let test = try await TestStore()
        var walk = Walk(test: test, random: SeededGenerator(seed: seed))
        try await walk.makePipelines()
        for step in 0..<150 {
            try await walk.step()
            try await walk.check("seed \(seed), step \(step)")
        }
        try await walk.finish()
    }
}

/// Operations in a random order on random pipelines, and what must hold between them.
private struct Walk {
    let test: TestStore
    var random: SeededGenerator
    var now = at(0)
    var pipelines: [PipelineID] = []
    /// Leases as their runners believe in them, lost ones among them.
    var believed: [LeaseKey] = []

    mutating func makePipelines() async throws {
        for number in 0..<3 {
            let count = Int.random(in: 1...7, using: &random)
            var jobs: [(String, [String])] = []
            for index in 0..<count {
                let needs = (0..<index).filter { _ in Bool.random(using: &random) }.map { "j\($0)" }
                jobs.append(("j\(index)", needs))
            }
            var made = plan(jobs)
            for index in made.jobs.indices {
                made.jobs[index].when =
                    [.onSuccess, .onSuccess, .onSuccess, .always, .onFailure, .manual]
                    .randomElement(using: &random) ?? .onSuccess
                made.jobs[index].retry.limit = Int.random(in: 0...2, using: &random)
                if Int.random(in: 0..<4, using: &random) == 0 {
                    made.jobs[index].environment = .init(name: "production")
                }
                if Int.random(in: 0..<4, using: &random) == 0 { made.jobs[index].allowFailure = .always }
            }
            pipelines.append(
                try await test.pipeline(made, ref: "refs/heads/b\(number)", commit: "c\(number)", now: now))
        }
    }

    /// One operation. What the store refuses by its rules is part of the walk; any other error is a failure.
    mutating func step() async throws {
        now = now + .milliseconds(Int64.random(in: 1...20_000, using: &random))
        do {
            try await operate()
        } catch let error as StoreError where error.code == .refused || error.code == .leaseLost {
        }
    }

    private mutating func operate() async throws {
        let store = test.store
        let key = believed.randomElement(using: &random)
        let pipeline = pipelines.randomElement(using: &random) ?? 1
        switch Int.random(in: 0..<14, using: &random) {
        case 0...3:
            guard let claim = try await store.claim(as: "r", tags: [], leaseFor: .seconds(30), now: now) else { return }
            believed.append(claim.key)
            if Int.random(in: 0..<5, using: &random) > 0 { _ = try await store.acknowledge(claim.key, now: now) }
        case 4...6:
            guard let key else { return }
            let failures = [nil, nil, scriptFailure, Failure(.image, "503"), Failure(.cancelled, "stopped")]
            let result = TestStore.result(failures.randomElement(using: &random) ?? nil, at: now)
            try await store.complete(key, with: result, now: now)
            try await store.complete(key, with: result, now: now)
        case 7:
            guard let key else { return }
            _ = try await store.renew(key, leaseFor: .seconds(30), now: now)
        case 8:
            guard let key else { return }
            try await store.giveBack(key, because: "stops", now: now)
        case 9: _ = try await store.rescue(now: now)
        case 10: try await store.cancelPipeline(pipeline, because: "stop", by: "mira", now: now)
        case 11: _ = try await store.retryFailed(pipeline, by: "mira", now: now)
        case 12:
            guard let job = try await anyJob(of: pipeline) else { return }
            try await store.retry(job.id, by: "mira", now: now)
        default:
            guard let job = try await anyJob(of: pipeline) else { return }
            try await store.play(job.id, by: "mira", now: now)
        }
    }

    private mutating func anyJob(of pipeline: PipelineID) async throws -> StoredJob? {
        let jobs = try await test.store.pipeline(pipeline)?.jobs ?? []
        return jobs.randomElement(using: &random)
    }

    /// What holds after every operation.
    func check(_ place: String) async throws {
        for id in pipelines {
            let detail = try #require(try await test.store.pipeline(id))
            let plan = try #require(detail.plan)
            var standings: [String: PipelineProgress.Standing] = [:]
            for job in detail.jobs {
                let live = job.attempts.filter { $0.state == .claimed || $0.state == .running }
                #expect(live.count == (job.state == .running ? 1 : 0), "\(place): leases of \(id)/\(job.name)")
                let areNumbered = job.attempts.enumerated().allSatisfy { $1.number == $0 + 1 }
                #expect(areNumbered, "\(place): numbers of \(id)/\(job.name)")
                let epochs = job.attempts.map(\.epoch)
                #expect(epochs == epochs.sorted() && Set(epochs).count == epochs.count, "\(place): epochs")
                #expect((job.state == .ready) == (job.readyAt != nil), "\(place): \(id)/\(job.name) ready")
                #expect(job.state.isEnded == (job.finishedAt != nil), "\(place): \(id)/\(job.name) ended")
                standings[job.name] = .init(job.state, failure: job.failure?.class, isPlayed: job.isPlayed)
            }
            // Nothing is left unsettled, and the stored state is the one that follows from the jobs.
            var progress = PipelineProgress(plan: plan, standings: standings)
            #expect(progress.settle().isEmpty, "\(place): #\(id) is not settled")
            if detail.pipeline.reason == nil {
                #expect(progress.pipelineState == detail.pipeline.state, "\(place): state of #\(id)")
            }
            #expect(detail.pipeline.state.isEnded == (detail.pipeline.finishedAt != nil), "\(place): end of #\(id)")
        }
        let owed = try await test.store.outbox(limit: 10_000).filter { $0.state == .owed }
        // A pending status may wait before its context's end; of either there is one.
        let contexts = owed.map { "\($0.pipeline) \($0.status.context) \($0.status.state == .pending)" }
        #expect(Set(contexts).count == contexts.count, "\(place): two owed messages for one context")
    }

    /// Lets every job end, and looks at what the forge would see last.
    mutating func finish() async throws {
        for _ in 0..<400 {
            now = now + .seconds(60)
            _ = try await test.store.rescue(limit: 100, now: now)
            guard let claim = try await test.store.claim(as: "r", tags: [], leaseFor: .seconds(30), now: now) else {
                if try await test.store.queueCounts() == (0, 0) { break }
                continue
            }
            _ = try await test.store.acknowledge(claim.key, now: now)
            try await test.store.complete(claim.key, with: TestStore.result(at: now), now: now)
        }
        #expect(try await test.store.queueCounts() == (0, 0))
        for id in pipelines {
            let state = try await test.state(id)
            #expect(state != .running, "#\(id) has nothing left to run and says it runs")
            let last = try await test.store.outbox(of: id, limit: 10_000).last { $0.status.context == "pawl/push" }
            let expected: CommitStatus.State =
                switch state {
                case .passed, .empty: .success
                case .failed, .cancelled, .notPlanned: .failure
                case .system: .error
                case .manual, .running, .held: .pending
                }
            #expect(last?.status.state == expected, "#\(id) is \(state)")
        }
    }
}
