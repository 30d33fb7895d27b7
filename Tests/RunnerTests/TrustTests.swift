import Executors
import PipelineModel
import Testing

@testable import Runner

/// What the machine gives to a job goes by how far its commit is trusted.
@Suite struct TrustTests {
    private func plan(
        _ fixture: RunnerFixture, trust: CommitTrust, environment: String? = "production",
        change: (inout Assignment) -> Void = { _ in }
    ) throws -> AttemptPlan {
        var assignment = fixture.assignment {
            $0.environment = environment.map { PlannedJob.Environment(name: $0) }
            $0.image = .init(name: "registry.test/ml/private:1", pullPolicy: [.never])
        }
        assignment.trust = trust
        change(&assignment)
        return AttemptPlan(assignment, settings: fixture.settings, folders: try RunnerFolders(fixture.settings))
    }

    private func container(_ plan: AttemptPlan, in fixture: RunnerFixture) throws -> ContainerSpecification {
        let scripts = try ScriptFolder(
            at: fixture.folder + "/scripts", script: plan.script, variables: plan.variables)
        return try plan.container(image: try #require(plan.image), scripts: scripts, mirror: nil)
    }

    @Test(
        "an environment's folder is for jobs on protected refs alone, and a fork's get none",
        arguments: [
            (CommitTrust.protected, "production", ["/data", "/site"]), (.protected, "staging", ["/data"]),
            (.branch, "production", ["/data"]), (.fork, "production", []),
        ])
    func mounts(trust: CommitTrust, environment: String, targets: [String]) async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor()) {
            $0.mounts = [
                .init(path: "/srv/data", target: "/data", repository: "ml/churn"),
                .init(
                    path: "/srv/site", target: "/site", isWritable: true, repository: "ml/churn",
                    environment: "production"),
                .init(path: "/srv/other", target: "/other", repository: "ml/other"),
            ]
        }
        let specification = try container(try plan(fixture, trust: trust, environment: environment), in: fixture)
        #expect(specification.mounts.filter { $0.source.hasPrefix("/srv/") }.map(\.target) == targets)
    }

    @Test("an image of a registry whose login a job does not get is asked for again, whatever the file says")
    func closedRegistry() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        #expect(try container(try plan(fixture, trust: .fork), in: fixture).pullPolicies == [.never])
        let closed = try plan(fixture, trust: .fork) { $0.closedRegistries = ["https://registry.test/v2"] }
        #expect(try container(closed, in: fixture).pullPolicies == [.always])
    }

    @Test(
        "data is mounted read-only, and a fork's job gets it only where the administrator says so",
        arguments: [(CommitTrust.branch, false, true), (.fork, false, false), (.fork, true, true)])
    func data(trust: CommitTrust, forks: Bool, isGiven: Bool) async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor()) {
            $0.data = ["corpus": .init(path: "/tmp", forks: forks)]
        }
        let plan = try plan(fixture, trust: trust) {
            $0.job.ml = MLSettings()
            $0.job.ml?.data = ["corpus"]
        }
        let mounts = try? container(plan, in: fixture).mounts.filter { $0.source == "/tmp" }
        #expect(mounts == (isGiven ? [.init(source: "/tmp", target: "/data/corpus", isReadOnly: true)] : nil))
    }

    @Test("a job has the GPUs of its assignment and is told their names; half of its memory is shared memory then")
    func gpus() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let gpu = GPU(uuid: "GPU-a", index: 0, model: "L4", memory: .gibibytes(24), driver: "550")
        let plan = try plan(fixture, trust: .branch) {
            $0.gpus = [GrantedGPU(gpu)]
            $0.limits.memory = .gibibytes(8)
        }
        let specification = try container(plan, in: fixture)
        #expect(specification.gpus == ["GPU-a"])
        #expect(specification.limits.shmSize == .gibibytes(4))
        #expect(plan.variables["PAWL_GPUS"] == "GPU-a")
        #expect(try self.plan(fixture, trust: .branch).variables["PAWL_GPUS"] == nil)
    }

    @Test(
        "a job whose GPU failed under it is put down to the GPU",
        arguments: [
            (GPU.Condition.failed("Xid 79"), FailureClass.gpu), (.usable, .script), (.foreign("pid 1"), .script),
        ])
    func blame(condition: GPU.Condition, expected: FailureClass) async throws {
        let gpu = GPU(uuid: "GPU-a", index: 0, model: "L4", memory: .gibibytes(24), driver: "550", condition: condition)
        let fixture = try await RunnerFixture(
            executor: ProcessExecutor(), inventory: { _ in RunnerInventory(gpus: [gpu]) })
        var assignment = fixture.assignment(script: ["exit 3"])
        assignment.gpus = [GrantedGPU(gpu)]
        let result = try #require(try await fixture.carryOut(assignment))
        let failure = try #require(result.failure)
        #expect(result.failedGPUs == (expected == .gpu ? [GPUFault(uuid: "GPU-a", reason: "Xid 79")] : nil))
        #expect(failure.class == expected)
        #expect(failure.exitCode == 3)
    }
}
