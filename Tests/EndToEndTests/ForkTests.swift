import Forges
import Foundation
import TestSupport
import Testing

@Suite("pull requests and merge requests", .needsDocker, .timeLimit(.minutes(10)))
struct ForkTests {
    private static let file = """
        test:
          script:
            - echo "token is ${TOKEN:-not here}"
            - echo "$CI_PIPELINE_SOURCE to $CI_MERGE_REQUEST_TARGET_BRANCH_NAME"
          rules:
            - if: $CI_PIPELINE_SOURCE == "merge_request_event"
        """

    @Test("one from the same repository runs at once, under its own contexts", arguments: [ForgeKind.github, .gitlab])
    func same(on kind: ForgeKind) async throws {
        let project = try await Project("requests/same", on: try await Site.shared(kind))
        try await project.ended(try await project.push([".pawl.yml": Self.file]))
        let commit = try await project.push(["model.txt": "2"], to: "refs/heads/topic")
        try await project.site.forge.openPullRequest(in: project.path, from: "topic")
        let states = try await project.ended(commit, source: "pr")
        #expect(states["pawl/pr"] == .success && states["pawl/pr/test"] == .success)
        #expect(try await project.log("test", of: commit, source: "pr").contains("merge_request_event to main"))
        let newer = try await project.push(["model.txt": "3"], to: "refs/heads/topic")
        #expect(try await project.ended(newer, source: "pr")["pawl/pr/test"] == .success)
        project.expectNoViolations()
    }

    @Test(
        "one from a fork waits for an approval of its commit, and gets no secret either way",
        arguments: [ForgeKind.github, .gitlab])
    func fork(on kind: ForgeKind) async throws {
        let site = try await Site.shared(kind)
        let project = try await Project("requests/target", on: site)
        #expect(try await site.pawl(["secret", "set", project.path, "TOKEN"], input: "s3cret-of-target").status == 0)
        try await project.ended(try await project.push([".pawl.yml": Self.file]))
        let fork = try await Project(fork: "stranger/target", of: project)
        let commit = try await fork.push(["model.txt": "mine"], to: "refs/heads/topic")
        try await site.forge.openPullRequest(in: project.path, from: "topic", fork: fork.path)

        try await project.told(.pending, "pawl/pr", on: commit)
        #expect(project.text("pawl/pr", on: commit).contains("From a fork"))
        let held = try await project.shown(commit, source: "pr")
        #expect(held.pipeline.state == "held" && held.pipeline.isFork && !held.pipeline.isProtected)
        #expect(held.jobs.allSatisfy { $0.attempts.isEmpty })
        let pipeline = String(held.pipeline.id)
        let wrong = try await site.pawl("approve", pipeline, "--commit", String(repeating: "a", count: 40))
        #expect(wrong.status == 3, "\(wrong)")
        #expect(project.statuses(of: commit).map(\.context) == ["pawl/pr"], "one pending status, no more")

        #expect(try await site.pawl("approve", pipeline, "--commit", commit).status == 0)
        #expect(try await project.ended(commit, source: "pr")["pawl/pr/test"] == .success)
        #expect(try await project.log("test", of: commit, source: "pr").contains("token is not here"))

        let newer = try await fork.push(["model.txt": "mine again"], to: "refs/heads/topic")
        try await project.told(.pending, "pawl/pr", on: newer)
        #expect(try await project.shown(newer, source: "pr").pipeline.state == "held")
        let late = try await site.pawl("approve", pipeline, "--commit", commit)
        #expect(late.status != 0, "an approval is for one commit")
        #expect(project.statuses(of: newer).map(\.context) == ["pawl/pr"])
        project.expectNoViolations()
    }
}
