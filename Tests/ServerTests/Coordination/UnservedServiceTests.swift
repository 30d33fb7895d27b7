import PipelineModel
import ServiceLifecycle
import Store
import Testing

@testable import Server

@Suite("Ending jobs that no runner can take")
struct UnservedServiceTests {
    @Test(
        "a job ends when its time is over, and one that has become ready meanwhile is looked at",
        .timeLimit(.minutes(4)))
    func ends() async throws {
        try await TestServer.serve { server in
            let store = server.store
            _ = try await store.testRunner(now: server.now)
            let clock = ContinuousClock()
            let start = clock.now
            let service = UnservedService(
                store: store, limit: .milliseconds(500), now: { server.now + (clock.now - start) },
                logger: server.logger)
            let serving = Task { try await service.run() }
            defer { serving.cancel() }
            for name in ["first", "second"] {
                var job = PlannedJob(name: name, stage: "test", script: ["true"])
                job.tags = ["h100"]
                let new = NewPipeline(
                    repository: try await server.repository(on: "github").id, source: .push,
                    ref: "refs/heads/\(name)", commit: "7fd1a60",
                    trust: PipelineTrust(isProtected: false, isFork: false),
                    planning: .planned(Plan(stages: ["test"], jobs: [job])))
                guard case .created(let id) = try await store.createPipeline(new, finishing: nil, now: server.now)
                else { throw StoreError(.invalid, message: "not created") }
                var seen = store.pipelineChanged.count
                while try await store.job(named: name, of: id)?.state == .ready {
                    await store.pipelineChanged.wait(after: seen)
                    seen = store.pipelineChanged.count
                }
                #expect(try await store.job(named: name, of: id)?.failure?.class == .noRunner)
            }
        }
    }
}
