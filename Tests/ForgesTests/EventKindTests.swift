import Forges
import PipelineModel
import Testing

/// The smallest payloads of kinds that are rare, each with what has to be read from it.
@Suite("Kinds of events")
struct EventKindTests {
    private static let commit = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
    private static let base = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"

    private static func read(_ kind: ForgeKind, _ event: String, _ body: JSONValue) throws -> ForgeDelivery {
        let name = kind == .github ? "X-GitHub-Event" : "X-Gitlab-Event"
        return try PayloadReader(kind: kind, forge: "f").delivery(
            headers: WebhookHeaders([(name, event), ("Content-Type", "application/json")]), body: body.bytes)
    }

    private static func github(_ event: String, _ members: [String: JSONValue]) throws -> ForgeDelivery {
        let repository: JSONValue = [
            "id": 7, "full_name": "ml/churn", "clone_url": "https://x.example/r.git", "default_branch": "main",
        ]
        return try read(.github, event, .object(members.merging(["repository": repository]) { own, _ in own }))
    }

    @Test("a merge group is built on its branch, for its target")
    func mergeGroup() throws {
        let delivery = try Self.github(
            "merge_group",
            [
                "action": "checks_requested",
                "merge_group": [
                    "head_sha": .string(Self.commit), "head_ref": "refs/heads/gh-readonly-queue/main/pr-104-abc",
                    "base_sha": .string(Self.base), "base_ref": "refs/heads/main",
                    "head_commit": ["id": .string(Self.commit), "message": "Merge pull request #104"],
                ],
            ])
        #expect(delivery.event.kind == .mergeGroup && delivery.event.commit == Self.commit)
        #expect(delivery.event.branch == "gh-readonly-queue/main/pr-104-abc")
        #expect(delivery.event.mergeGroup == MergeGroup(baseBranch: "main", baseCommit: Self.base))
        #expect(delivery.decision == .start)
    }

    @Test("dispatches name a branch, in full or short")
    func dispatches() throws {
        let workflow = try Self.github(
            "workflow_dispatch", ["ref": "refs/heads/x", "inputs": ["epochs": 3, "name": "a"], "workflow": "w.yml"])
        #expect(workflow.event.kind == .manual && workflow.event.branch == "x")
        #expect(workflow.facts.inputs == ["epochs": "3", "name": "a"])
        let repository = try Self.github("repository_dispatch", ["action": "retrain", "branch": "main"])
        #expect(repository.event.kind == .api && repository.event.ref == "refs/heads/main")
    }

    @Test("a comment on a pull request's line is about the pull request")
    func reviewComment() throws {
        let side: JSONValue = ["ref": "x", "sha": .string(Self.commit), "repo": ["id": 7, "full_name": "ml/churn"]]
        let delivery = try Self.github(
            "pull_request_review_comment",
            [
                "action": "created", "comment": ["body": "why?", "user": ["login": "ada", "id": 1]],
                "pull_request": ["number": 3, "title": "t", "state": "open", "head": side, "base": side],
            ])
        #expect(delivery.event.kind == .reviewComment && delivery.event.comment?.body == "why?")
        #expect(delivery.event.pullRequest?.number == 3 && delivery.facts.commentAuthor == "ada")
        #expect(delivery.decision != .start)
    }

    @Test("a pull request whose fork was deleted counts as from a fork")
    func deletedFork() throws {
        let delivery = try Self.github(
            "pull_request",
            [
                "action": "opened",
                "pull_request": [
                    "number": 3, "head": ["ref": "x", "sha": .string(Self.commit), "repo": .null],
                    "base": ["ref": "main", "sha": .string(Self.base), "repo": ["id": 7]],
                ],
            ])
        #expect(delivery.event.pullRequest?.isFork == true)
        #expect(delivery.repositoryIDs == [7])
    }

    @Test("a payload that speaks for two repositories names both")
    func twoRepositories() throws {
        let side: JSONValue = ["ref": "x", "sha": .string(Self.commit), "repo": ["id": 8]]
        let delivery = try Self.github(
            "pull_request", ["action": "opened", "pull_request": ["number": 3, "head": side, "base": side]])
        #expect(delivery.repositoryIDs == [7, 8])
    }

    @Test(
        "events without a commit of their own are read and ignored",
        arguments: [
            ("installation", Event.Kind.installation), ("installation_repositories", .installation), ("issues", .issue),
            ("deployment_status", .deployment), ("workflow_job", .workflowJob), ("create", .refCreate),
            ("star", .other), ("", .other),
        ])
    func rare(name: String, kind: Event.Kind) throws {
        let delivery = try Self.read(.github, name, ["action": "created", "installation": ["id": 1]])
        #expect(delivery.event.kind == kind)
        #expect(delivery.facts.installationID == 1)
        if case .ignore = delivery.decision {} else { Issue.record("not ignored") }
    }

    @Test(
        "GitLab's events are known by their body, whatever the header",
        arguments: [
            (#"{"object_kind":"build","project_id":7,"ref":"main","tag":false,"sha":null}"#, Event.Kind.job),
            (#"{"object_kind":"feature_flag","project":{"id":7}}"#, .other),
            (#"{"object_kind":"note","project_id":7,"object_attributes":{"noteable_type":"Snippet"}}"#, .comment),
            (#"{"event_name":"project_create","project_id":7,"path_with_namespace":"ml/churn"}"#, .other),
            (#"{"object_kind":"work_item","object_attributes":{"iid":3}}"#, .other),
        ])
    func gitlab(body: String, kind: Event.Kind) throws {
        let delivery = try Self.read(.gitlab, "System Hook", JSONValue(parsing: body.utf8))
        #expect(delivery.event.kind == kind)
        #expect(delivery.facts.gitlab?.isSystemHook == true)
        #expect(delivery.decision != .start)
    }

    @Test("a GitLab push can ask for no pipeline")
    func gitlabSkip() throws {
        let body: JSONValue = [
            "object_kind": "push", "project_id": 7, "ref": "refs/heads/x", "after": .string(Self.commit),
            "before": .string(Self.base), "push_options": ["ci": ["skip": true]],
        ]
        #expect(try Self.read(.gitlab, "Push Hook", body).decision != .start)
    }
}
