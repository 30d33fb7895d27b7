import Forges
import Foundation
import PipelineModel
import Store
import Testing

@testable import Forges
@testable import Server

@Suite("Events that never came")
struct MissedEventsTests {
    /// Looks at every repository, as after a start, some minutes after what was told before.
    private func look(_ server: TestServer) async {
        server.advance(.minutes(5))
        var looks = MissedEvents.Looks()
        await missedEvents(server).look(&looks)
    }

    private func missedEvents(_ server: TestServer) -> MissedEvents {
        MissedEvents(
            store: server.store, forges: server.forges, mirrors: server.mirrors, jitter: { 0 }, now: { server.now },
            logger: server.logger)
    }

    /// What deliveries there are of a forge, oldest first, after the intake has worked on them.
    private func deliveries(_ server: TestServer, of forge: String) async throws -> [Delivery] {
        while await server.intake.takeDue() == .progress {}
        return try await server.store.deliveries().filter { $0.forge == forge }.reversed()
    }

    @Test("branches that were there before the server are noted and do not run", arguments: ["github", "git"])
    func baseline(_ forge: String) async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            server.github.change { $0.heads = [.head("main", commit)] }
            await look(server)
            let since = server.now
            await look(server)
            #expect(try await server.store.deliveries().isEmpty)
            let heads = try await server.store.heads(of: server.repository(on: forge).id)
            #expect(heads.commits == ["refs/heads/main": commit] && heads.since == since)
        }
    }

    @Test("a push whose delivery never came runs once, by its newest commit", arguments: ["github", "gitlab", "git"])
    func push(_ forge: String) async throws {
        try await TestServer.serve { server in
            let first = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            func setHead(_ commit: String) {
                for api in [server.github, server.gitlab] { api.change { $0.heads = [.head("main", commit)] } }
            }
            setHead(first)
            await look(server)
            try server.git.push(["a": "1"])
            let newest = try server.git.push(["a": "2"])
            setHead(newest)
            await look(server)
            await look(server)
            let found = try await deliveries(server, of: forge)
            let delivery = try #require(found.first)
            #expect(found.count == 1 && delivery.event == "pawl-recovered" && delivery.state == .planned)
            let pipeline = try await server.pipeline(of: delivery).pipeline
            #expect(pipeline.commit == newest && pipeline.before == first && pipeline.source == .push)
        }
    }

    @Test("a new branch, a tag and a deletion that never came are found as well")
    func kinds() async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            await look(server)
            let side = try server.git.push(["a": "1"], branch: "side")
            try server.git.git(["tag", "-a", "-m", "one", "v1", commit], in: server.git.checkout)
            try server.git.git(["push", "-q", "origin", "v1"], in: server.git.checkout)
            await look(server)
            let found = try await deliveries(server, of: "git")
            var pipelines: [PipelineSource: StoredPipeline] = [:]
            for delivery in found {
                let pipeline = try await server.pipeline(of: delivery).pipeline
                pipelines[pipeline.source] = pipeline
            }
            #expect(pipelines[.push]?.ref == "refs/heads/side" && pipelines[.push]?.commit == side)
            #expect(pipelines[.tag]?.ref == "refs/tags/v1" && pipelines[.tag]?.commit == commit)
            try server.git.git(["push", "-q", "origin", ":side"], in: server.git.checkout)
            await look(server)
            let last = try #require(try await deliveries(server, of: "git").last)
            #expect(last.reason == "refs/heads/side was deleted; 1 pipelines cancelled")
            await look(server)
            #expect(try await deliveries(server, of: "git").count == found.count + 1)
        }
    }

    @Test("what a delivery told is not found again, whether it is worked on, failed or ignored")
    func told() async throws {
        try await TestServer.serve { server in
            let first = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            server.github.change { $0.heads = [.head("main", first)] }
            await look(server)
            let second = try server.git.push(["a": "1"], message: "words [skip ci]")
            server.github.change { $0.heads = [.head("main", second)] }
            // Stored and not worked on yet.
            let delivery = try await server.deliver(.github(SignedRequest.push(second, before: first)))
            await look(server)
            #expect(try await server.work(on: delivery).state == .ignored)
            await look(server)
            #expect(try await deliveries(server, of: "github").map(\.id) == [delivery.id])
        }
    }

    @Test("a delivery that was on its way while the forge was asked makes no second pipeline")
    func onItsWay() async throws {
        try await TestServer.serve { server in
            let first = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            server.github.change { $0.heads = [.head("main", first)] }
            await look(server)
            let second = try server.git.push(["a": "1"])
            server.github.change { $0.heads = [.head("main", second)] }
            await look(server)
            let late = try await server.intake(of: .github(SignedRequest.push(second, before: first)))
            #expect(late.state == .duplicate)
            #expect(try await deliveries(server, of: "github").filter { $0.pipeline != nil }.count == 1)
        }
    }

    @Test("deliveries that come in another order than the pushes make no further pipeline")
    func anotherOrder() async throws {
        try await TestServer.serve { server in
            let first = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            server.github.change { $0.heads = [.head("main", first)] }
            await look(server)
            let second = try server.git.push(["a": "1"])
            let third = try server.git.push(["a": "2"])
            server.github.change { $0.heads = [.head("main", third)] }
            _ = try await server.intake(of: .github(SignedRequest.push(third, before: second)))
            _ = try await server.deliver(.github(SignedRequest.push(second, before: first)))
            await look(server)
            #expect(try await deliveries(server, of: "github").count == 2)
            let heads = try await server.store.heads(of: server.repository(on: "github").id)
            #expect(heads.commits == ["refs/heads/main": third])
        }
    }

    @Test("a forge that shows no branch at all is not believed")
    func emptyAnswer() async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            server.github.change { $0.heads = [.head("main", commit)] }
            await look(server)
            server.github.change { $0.heads = [] }
            try server.git.git(["update-ref", "-d", "refs/heads/main"], in: server.git.bare)
            await look(server)
            #expect(try await server.store.deliveries().isEmpty)
        }
    }

    @Test("what a forge shows of a branch just after its delivery, or in one of two answers alone, runs no old commit")
    func behind() async throws {
        try await TestServer.serve { server in
            let first = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            server.github.change { $0.heads = [.head("main", first)] }
            await look(server)
            let second = try server.git.push(["a": "1"])
            _ = try await server.intake(of: .github(SignedRequest.push(second, before: first)))
            // Git's copy is behind: at first everything is, then git alone.
            try server.git.git(["update-ref", "refs/heads/main", first], in: server.git.bare)
            var looks = MissedEvents.Looks()
            await missedEvents(server).look(&looks)
            server.github.change { $0.heads = [.head("main", second)] }
            await look(server)
            #expect(try await deliveries(server, of: "github").count == 1)
            let heads = try await server.store.heads(of: server.repository(on: "github").id)
            #expect(heads.commits == ["refs/heads/main": second])
        }
    }

    @Test("a forge that does not show what it sent has its branches and tags compared all the same")
    func noList() async throws {
        try await TestServer.serve { server in
            let hook = try #require(try await server.store.hook(forge: "github", name: "main"))
            try await server.store.setRemoteHookID(77, of: hook.id, now: server.now)
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            await look(server)
            try server.git.git(["tag", "v1", commit], in: server.git.checkout)
            try server.git.git(["push", "-q", "origin", "v1"], in: server.git.checkout)
            server.github.change { $0.failures = [ForgeError(.notFound, message: "GitHub shows no hook 77.")] }
            await look(server)
            let found = try await deliveries(server, of: "github")
            let pipeline = try await server.pipeline(of: try #require(found.first)).pipeline
            #expect(found.count == 1 && pipeline.ref == "refs/tags/v1")
        }
    }

    @Test("a forge that asks to be asked again in the past is left alone for a while all the same")
    func noHotLoop() async throws {
        try await TestServer.serve { server in
            let hook = try #require(try await server.store.hook(forge: "github", name: "main"))
            try await server.store.setRemoteHookID(77, of: hook.id, now: server.now)
            server.github.change {
                $0.failures = [ForgeError(.limited, message: "Wait.", retryAfter: server.now - .seconds(1))]
            }
            var looks = MissedEvents.Looks()
            await missedEvents(server).look(&looks)
            #expect(looks.nextAt.map { $0 > server.now } == true)
        }
    }

    @Test("a forge that is down is asked again later, and the other forges meanwhile")
    func down() async throws {
        try await TestServer.serve { server in
            let first = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            for api in [server.github, server.gitlab] { api.change { $0.heads = [.head("main", first)] } }
            let events = missedEvents(server)
            var looks = MissedEvents.Looks()
            await events.look(&looks)
            let second = try server.git.push(["a": "1"])
            for api in [server.github, server.gitlab] { api.change { $0.heads = [.head("main", second)] } }
            let rest = server.now + .minutes(9)
            server.github.change {
                $0.failures = [ForgeError(.limited, message: "GitHub asks to wait.", retryAfter: rest)]
            }
            server.advance(.minutes(5))
            await events.look(&looks)
            #expect(try await deliveries(server, of: "gitlab").count == 1)
            #expect(try await deliveries(server, of: "git").count == 1)
            #expect(looks.nextAt == rest)
            let asked = server.github.script.asked
            server.advance(.minutes(3))
            await events.look(&looks)
            #expect(server.github.script.asked == asked, "it is left alone for as long as it asked")
            server.advance(.minutes(1))
            await events.look(&looks)
            #expect(try await deliveries(server, of: "github").count == 1)
        }
    }

    @Test("what GitHub could not deliver is sent again by it, oldest first, and not for ever")
    func redelivery() async throws {
        try await TestServer.serve { server in
            let hook = try #require(try await server.store.hook(forge: "github", name: "main"))
            try await server.store.setRemoteHookID(77, of: hook.id, now: server.now)
            let first = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            server.github.change { $0.heads = [.head("main", first)] }
            let events = missedEvents(server)
            var looks = MissedEvents.Looks()
            await events.look(&looks)
            let known = try await server.deliver(
                .github(["repository": ["id": 7, "full_name": "ml/churn"]], event: "karaoke", key: "known"))
            server.advance(.minutes(5))
            let moment = server.now - .minutes(1)
            func sent(_ id: Int64, _ key: String, _ answer: Int) -> HookDelivery {
                HookDelivery(id: id, key: key, sentAt: moment, answer: answer, event: "push")
            }
            server.github.change {
                $0.deliveries = [
                    sent(16, "lost", 502), sent(15, "known", 0), sent(14, "taken", 202), sent(13, "taken", 0),
                    sent(12, "refused", 403), sent(11, "lost", 0),
                ]
                // Its push is among what comes again, so that comparing heads has to wait.
                $0.heads = [.head("main", String(repeating: "c", count: 40))]
            }
            await events.look(&looks)
            #expect(server.github.script.redelivered == [12, 16])
            #expect(try await deliveries(server, of: "github").map(\.id) == [known.id])
            server.github.change { $0.heads = [.head("main", first)] }
            for _ in 1...4 {
                server.advance(.minutes(5))
                server.github.change { script in
                    script.deliveries = [
                        HookDelivery(id: 20, key: "refused", sentAt: server.now, answer: 403, event: "push")
                    ]
                }
                await events.look(&looks)
            }
            #expect(server.github.script.redelivered == [12, 16, 20, 20])
            let since = server.github.script.askedSince
            #expect(since.last.map { server.now - $0 } == .minutes(15), "the last look, and what was on its way then")
        }
    }

    @Test("a running service looks at once at a repository that is added")
    func service() async throws {
        try await TestServer.serve { server in
            try server.git.push([".pawl.yml": TestServer.pipelineFile])
            let events = missedEvents(server)
            let task = Task { try await events.run() }
            defer { task.cancel() }
            var reference = server.reference(on: "git")
            reference.remoteID = 8
            let added = try await server.store.addRepository(reference, now: server.now)
            var heads = try await server.store.heads(of: added.id)
            while heads.since == nil {
                await Task.yield()
                heads = try await server.store.heads(of: added.id)
            }
            #expect(heads.commits["refs/heads/main"] != nil)
        }
    }

    @Test("adding a repository keeps the forge's number of its webhook, and the secret that the forge uses")
    func adding() async throws {
        try await TestServer.serve { server in
            let adder = RepositoryAdder(
                store: server.store, vault: server.vault, forges: server.forges,
                publicURL: "http://127.0.0.1:\(server.port)", now: { server.now })
            server.gitlab.change { $0.receipt = HookReceipt(id: 41, isSigning: false) }
            // The test delivery is refused by the scripted forge; the hook is there all the same.
            await #expect(throws: APIRefusal.self) {
                _ = try await adder.add(
                    RepositoryRequest(url: "https://lab.test/ml/other", forge: "gitlab"), by: "mira")
            }
            let hook = try #require(try await server.store.hook(forge: "gitlab", name: "r9"))
            #expect(hook.remoteHookID == 41 && hook.previousSealedSecret == nil && hook.remoteIDs == [9])
            let token = try #require(server.gitlab.script.wishes.first?.token)
            var request = try SignedRequest.gitlab(
                String(repeating: "a", count: 40), now: server.now, token: token.revealed, projectID: 9)
            request.path = "/hooks/gitlab/r9"
            #expect(try await server.send(request).status == 202)
        }
    }
}
