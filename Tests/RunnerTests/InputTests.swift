import Executors
import Foundation
import PipelineModel
import Testing

@testable import Runner

@Suite("a job with declared inputs", .timeLimit(.minutes(2)))
struct InputTests {
    @Test("sees the files that it declares and no history, and the digest of what it got is in its result")
    func workspace() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let source = fixture.folder + "/source"
        try Data("secret plans\n".utf8).write(to: URL(filePath: source + "/plans.txt"))
        _ = try await RunnerFixture.git(["-C", source, "add", "."])
        _ = try await RunnerFixture.git(["-C", source, "commit", "-q", "-m", "Plan"])
        let commit = try await RunnerFixture.git(["-C", source, "rev-parse", "HEAD"]).trimmingSpaces
        var assignment = fixture.assignment(script: ["ls -A", "cat greeting.txt"]) {
            $0.ml = MLSettings()
            $0.ml?.inputs = ["greeting.txt", "nothing/"]
        }
        assignment.commit = commit
        let result = try await fixture.carryOut(assignment)
        #expect(result?.failure == nil)
        let log = fixture.coordinator.log(of: 1)
        #expect(log.contains("$ ls -A\u{1B}[0m\ngreeting.txt\n"), "\(log)")
        #expect(log.contains("nothing in the commit is nothing/"))
        #expect(result?.inputs?.count == 64)
        let whole = try await RunnerFixture(executor: ProcessExecutor())
        #expect(try await whole.carryOut(whole.assignment())?.inputs == nil)
    }

    @Test("sees the variables of its file and what never changes, and nothing that is another in each run")
    func environment() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let given = [
            Variable("CI", "true", expands: false), Variable("CI_COMMIT_SHA", fixture.commit, expands: false),
            Variable("CI_PIPELINE_ID", "7", expands: false), Variable("PAWL_SEED", "3", expands: false),
        ]
        let own = [Variable("RATE", "0.1"), Variable("COMMIT", "$CI_COMMIT_SHA")]
        let result = try await fixture.carryOut(
            fixture.assignment(
                script: [
                    "echo \"ci=$CI seed=$PAWL_SEED rate=$RATE commit=$COMMIT\"",
                    "echo \"sha=${CI_COMMIT_SHA-none} id=${CI_PIPELINE_ID-none} runner=${CI_RUNNER_DESCRIPTION-none}\"",
                ], variables: given + own
            ) {
                $0.variables = own
                $0.ml = MLSettings()
                $0.ml?.inputs = ["greeting.txt"]
            })
        #expect(result?.failure == nil)
        let log = fixture.coordinator.log(of: 1)
        #expect(log.contains("ci=true seed=3 rate=0.1 commit=\(fixture.commit)\n"), "\(log)")
        #expect(log.contains("sha=none id=none runner=none\n"), "\(log)")
    }
}
