import Forges
import PipelineModel
import Testing

@Suite("What is done about an event")
struct DecisionTests {
    private static let commit = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
    private static let repository = RepositoryReference(
        forge: "hub", remoteID: 7, name: "ml/churn", cloneURL: "https://x.example/r.git", defaultBranch: "main")

    private static func push(_ ref: String, message: String? = nil) -> ForgeDelivery {
        var event = Event(kind: ref.hasPrefix("refs/tags/") ? .tag : .push, repository: repository)
        event.ref = ref
        event.after = commit
        event.commit = commit
        event.commitMessage = message
        return ForgeDelivery(event: event)
    }

    private static func pullRequest(_ action: String?, hasNewCommits: Bool? = nil) -> ForgeDelivery {
        var event = Event(kind: .pullRequest, action: action, repository: repository)
        event.ref = "refs/pull/3/head"
        event.commit = commit
        event.pullRequest = PullRequest(
            number: 3, title: "", state: "open", isDraft: false, headBranch: "x", headCommit: commit,
            headRepositoryID: 7, baseBranch: "main", baseRepositoryID: 7)
        event.pullRequest?.hasNewCommits = hasNewCommits
        return ForgeDelivery(event: event)
    }

    @Test("pushes of branches and tags start a pipeline, other refs do not")
    func refs() {
        #expect(Self.push("refs/heads/main").decision == .start)
        #expect(Self.push("refs/tags/v1").decision == .start)
        #expect(Self.push("refs/notes/commits").decision != .start)
    }

    @Test(
        "a new comment on a pull request is a command where it has one; one that was changed later never is",
        arguments: [
            ("created", true, "/pawl retry", true), ("create", true, "/pawl retry", true),
            (nil, true, "/pawl retry", true), ("edited", true, "/pawl retry", false),
            ("update", true, "/pawl retry", false), ("deleted", true, "/pawl retry", false),
            ("created", false, "/pawl retry", false), ("created", true, "looks fine", false),
        ] as [(String?, Bool, String, Bool)])
    func comments(action: String?, isPullRequest: Bool, text: String, isCommand: Bool) {
        var event = Event(kind: .comment, action: action)
        event.comment = Event.Comment(body: text, number: 3, isPullRequest: isPullRequest)
        let decision = ForgeDelivery(event: event).decision
        #expect((decision == .command(.retry(job: nil), pullRequest: 3)) == isCommand, "\(decision)")
    }

    @Test("a branch that is gone has its pipelines cancelled")
    func deletion() {
        var delivery = Self.push("refs/heads/x")
        delivery.event.deleted = true
        delivery.event.commit = nil
        #expect(delivery.decision == .cancel(ref: "refs/heads/x"))
    }

    @Test(
        "a pull request starts one when it brings commits",
        arguments: [
            ("opened", nil, true), ("synchronize", true, true), ("reopened", false, true), ("open", false, true),
            ("reopen", false, true), ("update", true, true), ("update", false, false), ("closed", nil, false),
            ("labeled", nil, false), ("merge", false, false), (nil, nil, false),
        ] as [(String?, Bool?, Bool)])
    func pullRequests(action: String?, hasNewCommits: Bool?, starts: Bool) {
        #expect((Self.pullRequest(action, hasNewCommits: hasNewCommits).decision == .start) == starts)
    }

    @Test(
        "a commit's message can ask for no pipeline",
        arguments: [
            ("Fix [skip ci]", true), ("Fix\n\n[CI SKIP]", true), ("[skip-ci] x", true), ("[ci_skip]", true),
            ("skip ci", false), ("[skip  ci]", false), ("[skip the ci]", false),
        ])
    func skipping(message: String, skips: Bool) {
        #expect((Self.push("refs/heads/main", message: message).decision == .start) != skips)
    }

    @Test("what is to be merged is not passed over for its message: its forge waits for a status")
    func skippingPullRequest() {
        var delivery = Self.pullRequest("opened")
        delivery.event.commitMessage = "Fix [skip ci]"
        #expect(delivery.decision == .start)
    }

    @Test("a branch of the merge queue is left to the queue's own event, but its end stops its pipelines")
    func mergeQueue() {
        let ref = "refs/heads/gh-readonly-queue/main/pr-3-7fd1a60"
        var delivery = Self.push(ref)
        guard case .ignore = delivery.decision else {
            Issue.record("\(delivery.decision)")
            return
        }
        delivery.event.deleted = true
        #expect(delivery.decision == .cancel(ref: ref))
    }

    @Test("a push can ask for no pipeline with an option")
    func pushOption() {
        var delivery = Self.push("refs/heads/main")
        delivery.facts.asksToSkip = true
        #expect(delivery.decision != .start)
    }

    @Test("what is ignored says why", arguments: [Event.Kind.ping, .comment, .release, .checkRerun, .other, .manual])
    func reasons(kind: Event.Kind) {
        guard case .ignore(let reason) = ForgeDelivery(event: Event(kind: kind)).decision else {
            Issue.record("not ignored")
            return
        }
        #expect(!reason.isEmpty)
    }
}
