import Forges
import PipelineModel
import Store
import Testing

@testable import Server

@Suite("Intake")
struct IntakeTests {
    private func owed(_ server: TestServer) async throws -> [String] {
        try await server.store.outbox().map { "\($0.status.context) \($0.status.state.rawValue)" }
    }

    @Test("a push becomes the pipeline of its commit, and its statuses are owed")
    func push() async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile], message: "Halve the warm-up")
            let delivery = try await server.intake(of: .github(SignedRequest.push(commit)))
            #expect(delivery.state == .planned)
            let detail = try await server.pipeline(of: delivery)
            #expect(detail.pipeline.commit == commit && detail.pipeline.state == .running)
            #expect(detail.pipeline.title == "Halve the warm-up" && detail.jobs.map(\.name) == ["test"])
            #expect(try await owed(server) == ["pawl/push pending", "pawl/push/test pending"])
        }
    }

    @Test("a repeated delivery of a finished intake does nothing; the forge is not told again")
    func repeated() async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            let request = try SignedRequest.github(SignedRequest.push(commit))
            let first = try await server.intake(of: request)
            let second = try await server.intake(of: request)
            #expect(second.state == .duplicate && second.reason == "repeats d\(first.id)")
            // The same event under another name, as a second hook sends it.
            let third = try await server.intake(of: .github(SignedRequest.push(commit)))
            #expect(third.state == .duplicate && third.reason == "the same event as d\(first.id)")
            #expect(try await server.store.pipelines().count == 1)
        }
    }

    @Test("a repeated delivery of a failed intake runs again")
    func failedRunsAgain() async throws {
        try await TestServer.serve { server in
            // The forge tells of a commit that git does not find: nothing that waiting would mend.
            let body = SignedRequest.pullRequest(3, head: String(repeating: "b", count: 40), headRepository: 7)
            let request = try SignedRequest.github(body, event: "pull_request")
            let first = try await server.intake(of: request)
            #expect(first.state == .failed && first.reason == "The forge has no pull request 3.")
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            server.github.change { $0.pullRequests[3] = Self.pullRequest(3, head: commit, headRepository: 7) }
            let right = try SignedRequest.github(
                SignedRequest.pullRequest(3, head: commit, headRepository: 7), event: "pull_request",
                key: try #require(first.key))
            let second = try await server.intake(of: right)
            #expect(second.state == .planned)
        }
    }

    @Test("a branch that is deleted stops its pipelines")
    func deletion() async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            let pushed = try await server.intake(of: .github(SignedRequest.push(commit)))
            let gone = try await server.intake(of: .github(SignedRequest.push(nil, before: commit)))
            #expect(gone.state == .planned && gone.reason == "refs/heads/main was deleted; 1 pipelines cancelled")
            #expect(try await server.pipeline(of: pushed).pipeline.state == .cancelled)
        }
    }

    @Test(
        "a message with [skip ci] makes no pipeline, whether the payload has it or git",
        arguments: ["[skip ci] words", "words [ci-skip]"])
    func skip(_ message: String) async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile], message: message)
            let told = try await server.intake(of: .github(SignedRequest.push(commit, message: message)))
            #expect(told.state == .ignored && told.reason?.contains("[skip ci]") == true)
            let silent = try await server.intake(of: .gitlab(commit, now: server.now))
            #expect(silent.state == .ignored && silent.reason?.contains("[skip ci]") == true)
            #expect(try await server.store.outbox().isEmpty)
        }
    }

    @Test("a commit without a pipeline file is not planned, and the forge is told in words")
    func noFile() async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push(["README.md": "hello"])
            let delivery = try await server.intake(of: .github(SignedRequest.push(commit)))
            let detail = try await server.pipeline(of: delivery)
            #expect(detail.pipeline.state == .notPlanned)
            let status = try #require(try await server.store.outbox().first).status
            #expect(status.context == "pawl/push" && status.state == .failure)
            #expect(status.text.contains("no .pawl.yml"))
        }
    }

    @Test("a wrong pipeline file is not planned, and the forge is told where it is wrong")
    func wrongFile() async throws {
        try await TestServer.serve { server in
            let file = "test:\n  image: busybox\n  needs: [trian]\n  script: [echo ok]\n"
            let commit = try server.git.push([".pawl.yml": file])
            let delivery = try await server.intake(of: .github(SignedRequest.push(commit)))
            let detail = try await server.pipeline(of: delivery)
            #expect(detail.pipeline.state == .notPlanned && detail.jobs.isEmpty)
            let status = try #require(try await server.store.outbox().first).status
            #expect(status.state == .failure)
            #expect(status.text.contains(".pawl.yml:3:") && status.text.contains("trian"), "\(status.text)")
        }
    }

    @Test("a pipeline file that is too long, or has such an include, is not planned, and the forge is told")
    func longFile() async throws {
        try await TestServer.serve { server in
            let long = TestServer.pipelineFile + String(repeating: "# filler\n", count: 200_000)
            for files in [[".pawl.yml": long], [".pawl.yml": "include: long.yml\n", "long.yml": long]] {
                let commit = try server.git.push(files)
                let delivery = try await server.intake(of: .github(SignedRequest.push(commit)))
                let pipeline = try await server.pipeline(of: delivery).pipeline
                #expect(pipeline.state == .notPlanned && pipeline.reason?.contains("is longer than") == true)
                let status = try #require(try await server.store.outbox(of: pipeline.id).first).status
                #expect(status.context == "pawl/push" && status.state == .failure)
            }
        }
    }

    @Test("a fork's pull request is held; an approval is for its commit alone")
    func fork() async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            var request = Self.pullRequest(3, head: commit, headRepository: 99)
            request.headCloneURL = server.git.bare
            server.github.change { [request] in $0.pullRequests[3] = request }
            // The payload claims that it is no fork: that is not believed.
            let delivery = try await server.intake(
                of: .github(
                    SignedRequest.pullRequest(3, head: commit, headRepository: 7), event: "pull_request"))
            let held = try await server.pipeline(of: delivery).pipeline
            #expect(held.state == .held && held.trust == PipelineTrust(isProtected: false, isFork: true))
            await #expect(throws: StoreError.self) {
                try await server.store.approve(
                    held.id, commit: String(repeating: "b", count: 40), by: "mira", now: server.now)
            }
            #expect(try await server.pipeline(of: delivery).pipeline.state == .held)
            try await server.store.approve(held.id, commit: commit, by: "mira", now: server.now)
            #expect(try await server.pipeline(of: delivery).pipeline.state == .running)
        }
    }

    @Test(
        "a forge that fails or asks to wait makes an event wait, and not fail",
        arguments: [
            ForgeError(.unavailable, message: "GitHub answered 502."),
            ForgeError(.unreachable, message: "GitHub did not answer within 30 s."),
            ForgeError(
                .limited, message: "GitHub asks to wait.", retryAfter: Timestamp(milliseconds: 1_800_000_060_000)),
        ])
    func outage(_ error: ForgeError) async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            server.github.change { script in
                script.pullRequests[3] = Self.pullRequest(3, head: commit, headRepository: 7)
                script.failures = [error, error]
            }
            let request = try SignedRequest.github(
                SignedRequest.pullRequest(3, head: commit, headRepository: 7), event: "pull_request")
            var delivery = try await server.intake(of: request)
            for tries in 1...2 {
                #expect(delivery.state == .stored && delivery.reason == error.message && delivery.tries == tries)
                let next = try #require(delivery.nextTryAt)
                #expect(next > server.now && next >= error.retryAfter ?? next)
                server.advance(next - server.now)
                delivery = try await server.work(on: delivery)
                if error.retryAfter != nil { break }
            }
            if error.retryAfter != nil {
                server.advance(.minutes(1))
                delivery = try await server.work(on: delivery)
            }
            #expect(delivery.state == .planned)
        }
    }

    @Test("a commit whose repository cannot be fetched waits until it can")
    func gitIsDown() async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            var reference = server.reference(on: "github")
            // A port where nobody listens.
            reference.cloneURL = "http://127.0.0.1:1/ml/churn.git"
            _ = try await server.store.addRepository(reference, now: server.now)
            let waiting = try await server.intake(of: .github(SignedRequest.push(commit)))
            #expect(waiting.state == .stored && waiting.tries == 1)
            _ = try await server.store.addRepository(server.reference(on: "github"), now: server.now)
            server.advance(try #require(waiting.nextTryAt) - server.now)
            #expect(try await server.work(on: waiting).state == .planned)
        }
    }

    static func pullRequest(_ number: Int64, head commit: String, headRepository: Int64) -> PullRequest {
        PullRequest(
            number: number, title: "Halve the warm-up", state: "open", isDraft: false, headBranch: "warm-up",
            headCommit: commit, headRepositoryID: headRepository, baseBranch: "main", baseRepositoryID: 7)
    }
}
