import Forges
import PipelineModel
import Signing
import TestSupport
import Testing

@Suite("What a webhook says")
struct PayloadReaderTests {
    private static let commit = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
    private static let zeros = String(repeating: "0", count: 40)

    private static func push(
        ref: String = "refs/heads/main", before: String = commit, after: String = commit, message: String = "Work"
    ) -> JSONValue {
        [
            "ref": .string(ref), "before": .string(before), "after": .string(after),
            "repository": ["id": 7, "full_name": "ml/churn", "clone_url": "https://x.example/ml/churn.git"],
            "head_commit": ["id": .string(commit), "message": .string(message)], "sender": ["id": 1, "login": "ada"],
        ]
    }

    private static func read(
        _ body: [UInt8], event: String = "push", type: String = "application/json", kind: ForgeKind = .github
    ) throws -> ForgeDelivery {
        let names: [ForgeKind: String] = [.github: "X-GitHub-Event", .gitlab: "X-Gitlab-Event", .git: "X-Pawl-Event"]
        return try PayloadReader(kind: kind, forge: "hub").delivery(
            headers: WebhookHeaders([
                (names[kind] ?? "", event), ("Content-Type", type), ("X-GitHub-Delivery", "72d3162e"),
                ("X-Pawl-Delivery", "d-1"), ("Idempotency-Key", "f5e5f430"),
            ]), body: body)
    }

    private static func refusal(_ body: [UInt8], event: String = "push", kind: ForgeKind = .github) -> String? {
        do {
            _ = try read(body, event: event, kind: kind)
            return nil
        } catch let error as ForgeError where error.code == .unreadablePayload {
            return error.message
        } catch {
            return nil
        }
    }

    @Test("a push is an event of its repository, by number, with its delivery's key")
    func reading() throws {
        let delivery = try Self.read(Self.push().bytes)
        #expect(delivery.event.kind == .push)
        #expect(delivery.event.repository?.remoteID == 7)
        #expect(delivery.event.repository?.forge == "hub")
        #expect(delivery.event.actor == Event.Actor(remoteID: 1, name: "ada"))
        #expect(delivery.repositoryIDs == [7])
        #expect(delivery.key == "72d3162e")
        #expect(delivery.decision == .start)
    }

    @Test("GitHub's form encoding says the same as its JSON")
    func form() throws {
        let message = "é & = + % 漢\n\"x\""
        let json = Self.push(message: message).bytes
        let form =
            "a=b&payload=" + json.map { $0 == 0x20 ? "+" : "%" + Hex.encode([$0]) }.joined()
        let type = "application/x-www-form-urlencoded; charset=utf-8"
        #expect(try Self.read(Array(form.utf8), type: type) == Self.read(json))
        for broken in ["", "payload", "payload=%7", "payload=%zz", form + "&payload={}", "other={}"] {
            #expect(throws: ForgeError.self) { try Self.read(Array(broken.utf8), type: type) }
        }
        #expect(throws: ForgeError.self) {
            try Self.read(Array(form.utf8), event: "Push Hook", type: type, kind: .gitlab)
        }
    }

    @Test(
        "a payload that is not what the forge sends is refused in words that name the place",
        arguments: [
            ("{", "no JSON"), ("[]", "no JSON object"), ("{}", "repository"), (#"{"repository":5}"#, "repository"),
            (#"{"repository":{"id":"7","full_name":"x"}}"#, "repository.id"),
            (#"{"repository":{"id":7,"full_name":"x"}}"#, "ref"),
            (#"{"repository":{"id":7,"full_name":"x"},"ref":5}"#, "ref"),
            (#"{"repository":{"id":7,"full_name":"x"},"ref":"main"}"#, "ref"),
            (#"{"repository":{"id":7,"full_name":"x"},"ref":"refs/heads/a..b"}"#, "ref"),
            (#"{"repository":{"id":7,"full_name":"x"},"ref":"refs/heads/a\u0000b"}"#, "ref"),
            (#"{"repository":{"id":7,"full_name":"x"},"ref":"refs/heads/x","after":"--upload-pack=x"}"#, "after"),
            (#"{"repository":{"id":7,"full_name":"x"},"ref":"refs/heads/x","after":null}"#, "after"),
        ])
    func refusals(body: String, place: String) throws {
        let message = try #require(Self.refusal(Array(body.utf8)))
        #expect(message.contains(place))
    }

    @Test("a branch name of a megabyte is refused with its length, and not repeated")
    func longRef() throws {
        let ref = "refs/heads/" + String(repeating: "x", count: 1 << 20)
        let payloads: [(JSONValue, String, ForgeKind)] = [
            (Self.push(ref: ref), "push", .github),
            (["object_kind": "push", "project_id": 7, "ref": .string(ref)], "Push Hook", .gitlab),
            (
                ["repository": ["id": 7, "name": "x", "clone_url": "/x"], "ref": .string(ref), "after": "x"], "push",
                .git
            ),
        ]
        for (payload, event, kind) in payloads {
            let message = try #require(Self.refusal(payload.bytes, event: event, kind: kind))
            #expect(message.contains("1048587 bytes") && message.utf8.count < 300)
        }
    }

    @Test("an event nobody knows, with fields of any type, is read as other and ignored")
    func unknown() throws {
        let delivery = try Self.read(
            Array(#"{"action":7,"repository":{"id":7},"sender":[]}"#.utf8), event: "sandwich_made")
        #expect(delivery.event.kind == .other)
        guard case .ignore = delivery.decision else {
            Issue.record("not ignored")
            return
        }
        #expect(try Self.read(Array("{}".utf8), event: "Sandwich Hook", kind: .gitlab).event.kind == .other)
    }

    @Test(
        "whatever an event is, the repositories it speaks for are read first",
        arguments: [
            (ForgeKind.github, "sandwich_made", #"{"action":1,"repository":{"id":8}}"#, Set([8])),
            (.github, "issue_comment", #"{"action":1,"repository":{"id":8,"full_name":5}}"#, [8]),
            (.github, "check_run", #"{"check_run":[],"repository":{"id":8,"full_name":"x/y"}}"#, [8]),
            (.gitlab, "Note Hook", #"{"object_kind":"note","project_id":7,"project":{"id":8},"issue":1}"#, [7, 8]),
            (.gitlab, "Job Hook", #"{"object_kind":"build","project_id":8,"sha":"none"}"#, [8]),
            (.gitlab, "Sandwich Hook", #"{"object_kind":"x","project":{"id":8},"user":1}"#, [8]),
        ] as [(ForgeKind, String, String, Set<Int64>)])
    func repositories(kind: ForgeKind, event: String, body: String, ids: Set<Int64>) throws {
        let delivery = try Self.read(Array(body.utf8), event: event, kind: kind)
        #expect(delivery.repositoryIDs == ids)
        #expect(delivery.decision != .start)
    }

    @Test(
        "a repository without a number that can be read is refused, of every kind of event",
        arguments: [
            (ForgeKind.github, "sandwich_made", #"{"repository":{"id":"8"}}"#),
            (.github, "issue_comment", #"{"repository":"ml/churn"}"#), (.github, "star", #"{"repository":{}}"#),
            (.gitlab, "Note Hook", #"{"object_kind":"note","project_id":"8"}"#),
            (.gitlab, "Job Hook", #"{"object_kind":"build","project_id":7,"project":{"id":1.5}}"#),
        ])
    func unreadableRepositories(kind: ForgeKind, event: String, body: String) {
        #expect(Self.refusal(Array(body.utf8), event: event, kind: kind) != nil)
    }

    @Test("very long messages are kept to their beginning, on a whole character")
    func longMessage() throws {
        let event = try Self.read(Self.push(message: String(repeating: "é", count: 60_000)).bytes).event
        #expect(event.commitMessage?.utf8.count == 65_536)
        #expect(event.commitMessage?.allSatisfy { $0 == "é" } == true)
    }

    @Test("whatever bytes of a payload are changed, it is read or refused, never worse")
    func fuzz() {
        var random = SeededGenerator(seed: 20_261_124)
        let gitlab: JSONValue = [
            "object_kind": "merge_request", "project": ["id": 7, "path_with_namespace": "ml/churn"],
            "object_attributes": [
                "iid": 3, "target_project_id": 7, "source_project_id": 7, "source_branch": "x", "target_branch": "main",
                "last_commit": ["id": .string(Self.commit)], "action": "open", "labels": [["title": "ml"]],
            ],
        ]
        let seeds = [(Self.push().bytes, "push", ForgeKind.github), (gitlab.bytes, "Merge Request Hook", .gitlab)]
        for (seed, event, kind) in seeds {
            for _ in 0..<1_500 {
                var body = seed
                for _ in 0...Int.random(in: 0..<4, using: &random) where body.count > 1 {
                    let place = Int.random(in: 0..<body.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: body[place] = UInt8(Int.random(in: 0..<256, using: &random))
                    case 1: body.remove(at: place)
                    case 2:
                        let count = Int.random(in: 0..<40, using: &random)
                        body.insert(contentsOf: body[place...].prefix(count), at: place)
                    default: body = Array(body.prefix(max(1, place)))
                    }
                }
                do {
                    _ = try Self.read(body, event: event, kind: kind).decision
                } catch {
                    #expect((error as? ForgeError)?.code == .unreadablePayload)
                }
            }
        }
    }

    @Test("what Pawl's own hook sends is read as it was meant", arguments: [false, true])
    func ownHook(isDeletion: Bool) throws {
        let repository = RepositoryReference(
            forge: "hub", remoteID: 3, name: "churn", cloneURL: "/srv/churn.git", defaultBranch: "main")
        var message = GitHookMessage(
            repository: repository, ref: "refs/heads/main", before: Self.zeros,
            after: isDeletion ? Self.zeros : Self.commit)
        message.commit = isDeletion ? nil : Self.commit
        message.pusher = "ada"
        message.message = "Warm up\n\nlonger"
        message.changedFiles = ["a b.txt", "ä"]
        let delivery = try Self.read(message.body, kind: .git)
        #expect(delivery.event.repository == repository)
        #expect(delivery.event.title == "Warm up")
        #expect(delivery.event.changedFiles == ["a b.txt", "ä"])
        #expect(delivery.event.created == !isDeletion)
        #expect(delivery.decision == (isDeletion ? .cancel(ref: "refs/heads/main") : .start))
        #expect(delivery.key == "d-1")
        #expect(try Self.read(GitHookMessage.ping(repository), event: "ping", kind: .git).event.kind == .ping)
        message.pushOptions = ["ci.skip"]
        if !isDeletion { #expect(try Self.read(message.body, kind: .git).decision != .start) }
    }
}
