import Forges
import PipelineModel
import Store
import Testing

@testable import Server

@Suite("Handing out")
struct CoordinatorTests {
    private static let request = ClaimRequest(version: "1")

    private func coordinator(_ server: TestServer, logins: [RegistryLogin] = []) async throws -> LocalCoordinator {
        let assignments = AssignmentBuilder(
            store: server.store, vault: server.vault, forges: server.forges, limits: JobLimits(),
            registryLogins: logins)
        return LocalCoordinator(
            store: server.store, runner: try await server.store.testRunner(now: server.now), assignments: assignments,
            terms: LeaseTerms(), now: { server.now })
    }

    private func pipeline(
        _ server: TestServer, _ jobs: [PlannedJob],
        trust: PipelineTrust = PipelineTrust(isProtected: true, isFork: false)
    ) async throws -> PipelineID {
        let new = NewPipeline(
            repository: try await server.repository(on: "github").id, source: .push, ref: "refs/heads/main",
            commit: "7fd1a60", trust: trust, planning: .planned(Plan(stages: ["test"], jobs: jobs)))
        guard case .created(let id) = try await server.store.createPipeline(new, finishing: nil, now: server.now)
        else { throw StoreError(.invalid, message: "not created") }
        return id
    }

    private func job(_ name: String = "test") -> PlannedJob { PlannedJob(name: name, stage: "test", script: ["true"]) }

    /// Claims a job and says that it will be started, which has to be refused.
    private func refused(_ coordinator: LocalCoordinator) async throws {
        let claim = try #require(try await coordinator.claim(Self.request))
        await #expect(throws: CoordinatorError.leaseLost) { _ = try await coordinator.acknowledge(claim.key) }
    }

    @Test("a job whose forge does not answer waits in the queue, and lets the others by")
    func forgeIsDown() async throws {
        try await TestServer.serve { server in
            let coordinator = try await coordinator(server)
            let id = try await pipeline(server, [job("first"), job("second")])
            server.github.change { $0.credentialFailures = [ForgeError(.unreachable, message: "GitHub is down.")] }
            try await refused(coordinator)
            let first = try #require(try await server.store.job(named: "first", of: id))
            #expect(first.state == .ready && first.readyAt.map { $0 > server.now } == true)
            #expect(first.attempts.map(\.state) == [.givenBack])
            #expect(first.attempts.first?.summary == "GitHub is down.")
            let next = try #require(try await coordinator.claim(Self.request))
            #expect(next.jobName == "second")
            #expect(try await coordinator.acknowledge(next.key).job.name == "second")
        }
    }

    @Test("coverage is what the last line of the log has that the job's pattern finds, and wins over a file's")
    func coverage() async throws {
        try await TestServer.serve { server in
            let coordinator = try await coordinator(server)
            var measured = job("measured")
            measured.coveragePattern = #"/TOTAL.* (\d+(?:\.\d+)?)%/"#
            let id = try await pipeline(server, [measured, job("other")])
            for name in ["measured", "other"] {
                let claim = try #require(try await coordinator.claim(Self.request))
                _ = try await coordinator.acknowledge(claim.key)
                let log = "TOTAL 9 1 88%\n\u{1B}[32mTOTAL\u{1B}[0m 17 2 88.2%\nbye\n"
                _ = try await coordinator.append(Array(log.utf8), at: 0, to: claim.key)
                let tests = TestReport(passed: 3)
                let result = AttemptResult(
                    exitCode: 0, finishedAt: server.now, findings: Findings(tests: tests, coverage: 50))
                for _ in 1...2 { try await coordinator.complete(claim.key, with: result) }
                let findings = try await server.store.job(named: name, of: id)?.attempts.first?.findings
                #expect(findings == Findings(tests: tests, coverage: name == "measured" ? 88.2 : 50))
            }
        }
    }

    @Test("a job that can never be handed out fails as Pawl's side, in words, and does not come back for ever")
    func poison() async throws {
        try await TestServer.serve { server in
            let coordinator = try await coordinator(server)
            let id = try await pipeline(server, [job()])
            let error = ForgeError(.unauthorized, message: "GitHub refused the token. Renew it.")
            for wait in [5, 30, 0] {
                server.github.change { $0.credentialFailures = [error] }
                try await refused(coordinator)
                server.advance(.seconds(wait))
            }
            let job = try #require(try await server.store.job(named: "test", of: id))
            #expect(job.state == .failed && job.failure == Failure(.system, error.message))
            #expect(try await server.store.pipeline(id)?.pipeline.state == .system)
        }
    }

    @Test("a job whose inputs have expired does not run without them: it fails, and names what to retry")
    func expiredInputs() async throws {
        try await TestServer.serve { server in
            let coordinator = try await coordinator(server)
            var second = job("second")
            second.needs = [.init(job: "first")]
            second.when = .manual
            var first = job("first")
            first.artifacts = .init(paths: ["x"], expireIn: .days(1))
            let id = try await pipeline(server, [first, second])
            let claim = try #require(try await coordinator.claim(Self.request))
            _ = try await coordinator.acknowledge(claim.key)
            // The hash of an empty archive is that of no bytes.
            let artifact = ArtifactReference(
                sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", size: ByteCount(bytes: 0),
                fileCount: 0, paths: [])
            try await coordinator.store(artifact, content: AsyncThrowingStream { $0.finish() }, for: claim.key)
            try await coordinator.complete(claim.key, with: AttemptResult(finishedAt: server.now))
            server.advance(.days(2))
            _ = try await server.store.sweep(Retention(), now: server.now)
            let waiting = try #require(try await server.store.job(named: "second", of: id))
            try await server.store.play(waiting.id, by: "mira", now: server.now)
            try await refused(coordinator)
            let failed = try #require(try await server.store.job(waiting.id))
            #expect(failed.state == .failed && failed.failure?.class == .policy && failed.attempts.count == 1)
            #expect(failed.failure?.message.contains("first") == true)
            #expect(failed.failure?.message.contains("pawl retry \(id)/first") == true)
        }
    }

    @Test("a checkpoint comes with the next attempt's assignment, and is fetched as artifacts are")
    func checkpoint() async throws {
        try await TestServer.serve { server in
            let coordinator = try await coordinator(server)
            var training = job("train")
            training.ml = MLSettings()
            training.ml?.checkpoint = "ckpt/"
            _ = try await pipeline(server, [training])
            let first = try #require(try await coordinator.claim(Self.request))
            #expect(try await coordinator.acknowledge(first.key).checkpoint == nil)
            let artifact = ArtifactReference(
                sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", size: ByteCount(bytes: 0),
                fileCount: 1, paths: [])
            try await coordinator.storeCheckpoint(
                artifact, content: AsyncThrowingStream { $0.finish() }, for: first.key)
            try await coordinator.giveBack(first.key, because: "the runner stops")
            await #expect(throws: CoordinatorError.leaseLost) {
                try await coordinator.storeCheckpoint(
                    artifact, content: AsyncThrowingStream { $0.finish() }, for: first.key)
            }
            let second = try #require(try await coordinator.claim(Self.request))
            let assignment = try await coordinator.acknowledge(second.key)
            #expect(assignment.checkpoint?.artifact == artifact && assignment.checkpoint?.attempt == 1)
            #expect(assignment.variables.contains { $0.name == "PAWL_ATTEMPT" && $0.value == "2" })
            let bytes = try await coordinator.artifact(artifact.sha256, for: second.key).reduce(into: []) { $0 += $1 }
            #expect(bytes.isEmpty)
        }
    }

    @Test(
        "an assignment says how far its commit is trusted, and a fork's gets no login",
        arguments: [
            (PipelineTrust(isProtected: true, isFork: false), CommitTrust.protected),
            (PipelineTrust(isProtected: false, isFork: false), .branch),
            (PipelineTrust(isProtected: false, isFork: true), .fork),
        ])
    func trust(of pipelineTrust: PipelineTrust, is trust: CommitTrust) async throws {
        try await TestServer.serve { server in
            let login = RegistryLogin(registry: "registry.test", user: "pawl", password: Redacted("word"))
            let coordinator = try await coordinator(server, logins: [login])
            _ = try await pipeline(server, [job()], trust: pipelineTrust)
            let claim = try #require(try await coordinator.claim(Self.request))
            let assignment = try await coordinator.acknowledge(claim.key)
            #expect(assignment.trust == trust)
            #expect(assignment.registryLogins.map(\.registry) == (trust == .fork ? [] : ["registry.test"]))
            #expect(assignment.closedRegistries == (trust == .fork ? ["registry.test"] : []))
        }
    }
}
