import Forges
import PipelineModel
import Store
import Testing

@testable import Server

@Suite("Pull requests")
struct PullRequestTests {
    /// Has the forge know of a pull request and tell of it.
    private func open(
        _ server: TestServer, head commit: String, headRepository: Int64 = 7, headBranch: String = "warm-up",
        base: String? = nil
    ) async throws -> PipelineDetail {
        var request = IntakeTests.pullRequest(3, head: commit, headRepository: headRepository)
        request.headCloneURL = server.git.bare
        request.headRepositoryName = "ines/churn"
        request.headBranch = headBranch
        request.baseCommit = base
        server.github.change { [request] in $0.pullRequests[3] = request }
        let delivery = try await server.intake(
            of: .github(
                SignedRequest.pullRequest(3, head: commit, headRepository: headRepository), event: "pull_request"))
        return try await server.pipeline(of: delivery)
    }

    @Test("one whose commit asks to be skipped is told that there is nothing to run, and who asked for it")
    func skipped() async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile], message: "words [skip ci]")
            let detail = try await open(server, head: commit)
            #expect(detail.pipeline.state == .empty && detail.pipeline.reason?.contains("[skip ci]") == true)
            let statuses = try await server.store.outbox().map(\.status)
            #expect(statuses.map(\.context) == ["pawl/pr"] && statuses.map(\.state) == [.success])
        }
    }

    @Test("a fork's main is not our main: what is for our main is not for it, and its jobs deploy nothing")
    func forkOfMain() async throws {
        try await TestServer.serve { server in
            let file = """
                test: {image: busybox, script: [echo ok], environment: staging, rules: [{if: $CI_COMMIT_BRANCH}]}
                deploy:
                  image: busybox
                  script: [echo ok]
                  rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH}]
                """
            let commit = try server.git.push([".pawl.yml": file])
            let detail = try await open(server, head: commit, headRepository: 99, headBranch: "main")
            #expect(detail.pipeline.state == .held && detail.jobs.map(\.name) == ["test"])
            let values = Dictionary(detail.variables.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            #expect(values["CI_COMMIT_BRANCH"] == "ines:main" && values["CI_COMMIT_REF_NAME"] == "ines:main")
        }
    }

    @Test("it is compared with the commit it went out from, and has no commit before it")
    func base() async throws {
        try await TestServer.serve { server in
            let fork = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            let main = try server.git.push(["b": "1"])
            try server.git.git(["checkout", "-q", "-b", "warm-up", fork], in: server.git.checkout)
            let head = try server.git.push(["a": "1"], branch: "warm-up")
            let detail = try await open(server, head: head, base: main)
            let values = Dictionary(detail.variables.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            #expect(values["CI_MERGE_REQUEST_DIFF_BASE_SHA"] == fork && main != fork)
            #expect(values["CI_COMMIT_BEFORE_SHA"] == SignedRequest.zeros)
            #expect(values["CI_OPEN_MERGE_REQUESTS"] == "ml/churn!3")
            #expect(values["CI_CONFIG_PATH"] == ".pawl.yml")
        }
    }
}
