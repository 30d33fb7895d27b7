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
        return plan.container(image: try #require(plan.image), scripts: scripts, mirror: nil)
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
}
