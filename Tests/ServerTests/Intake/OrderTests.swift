import Forges
import PipelineModel
import Store
import Testing

@testable import Server

@Suite("The order of events")
struct OrderTests {
    @Test("a branch or tag that is deleted and pushed again at once runs again", arguments: [nil, "[skip ci]"])
    func again(skip: String?) async throws {
        try await TestServer.serve { server in
            let first = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            let made = try await server.intake(of: .github(SignedRequest.push(first)))
            #expect(made.state == .planned)
            // It goes away, or on to a commit that wants no pipeline, and comes back.
            let other = try skip.map { try server.git.push(["a": "1"], message: $0) }
            let away = try await server.intake(
                of: .github(SignedRequest.push(other, before: first, message: skip ?? "")))
            #expect(away.state == (skip == nil ? .planned : .ignored) && away.pipeline == nil)
            if let other { _ = try await server.intake(of: .github(SignedRequest.push(first, before: other))) }
            let back = try await server.intake(of: .github(SignedRequest.push(first)))
            #expect(back.state == .planned, "\(back.reason ?? "")")
        }
    }

    @Test("a push whose forge is down keeps the next one of its branch waiting, and both run in order")
    func outage() async throws {
        try await TestServer.serve { server in
            let first = try server.git.push([".pawl.yml": TestServer.pipelineFile], branch: "side")
            let second = try server.git.push(["a": "1"], branch: "side")
            server.github.change { $0.failures = [ForgeError(.unavailable, message: "GitHub answers 502.")] }
            let ref = "refs/heads/side"
            let waiting = try await server.intake(of: .github(SignedRequest.push(first, ref: ref)))
            #expect(waiting.state == .stored)
            let behind = try await server.intake(of: .github(SignedRequest.push(second, before: first, ref: ref)))
            #expect(behind.state == .stored && behind.tries == 0)
            server.advance(try #require(waiting.nextTryAt) - server.now)
            let newest = try await server.pipeline(of: try await server.work(on: behind)).pipeline
            let older = try #require(try await server.store.delivery(waiting.id)?.pipeline)
            #expect(newest.commit == second && older < newest.id)
        }
    }

    @Test("a request cannot pass for an event that the server recovered, and so speak for another repository")
    func forged() async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile])
            // Bound to repository 8, it carries an event of repository 7 in Pawl's own words.
            try await server.addHook("other", of: "git", SignedRequest.gitSecret, remoteID: 8)
            var event = Event(kind: .push, repository: server.reference(on: "git"))
            event.ref = "refs/heads/main"
            event.commit = commit
            let id = try await server.store.storeDelivery(
                NewDelivery(
                    forge: "git", event: RecoveredEvent.name, remoteID: 8, body: try RecoveredEvent.body(event)),
                now: server.now)
            let delivery = try await server.work(on: try #require(try await server.store.delivery(id)))
            #expect(delivery.state == .failed)
            #expect(try await server.store.pipelines().isEmpty)
        }
    }

    @Test("a replayed delivery has as long a time as a new one")
    func patience() async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile], branch: "side")
            let down = ForgeError(.unavailable, message: "GitHub answers 502.")
            server.github.change { $0.failures = [down] }
            let request = try SignedRequest.github(SignedRequest.push(commit, ref: "refs/heads/side"))
            let delivery = try await server.intake(of: request)
            server.advance(.days(3))
            server.github.change { $0.failures = [down] }
            #expect(try await server.work(on: delivery).state == .failed)
            try await server.store.replayDelivery(delivery.id, by: "mira", now: server.now)
            server.github.change { $0.failures = [down] }
            #expect(try await server.work(on: delivery).state == .stored)
        }
    }

    @Test("a forge that asks to be asked again in the past is left alone for a while all the same")
    func noHotLoop() async throws {
        try await TestServer.serve { server in
            let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile], branch: "side")
            server.github.change {
                $0.failures = [
                    ForgeError(.limited, message: "GitHub asks to wait.", retryAfter: server.now - .seconds(5))
                ]
            }
            let delivery = try await server.intake(
                of: .github(SignedRequest.push(commit, ref: "refs/heads/side")))
            #expect(delivery.state == .stored && delivery.nextTryAt.map { $0 > server.now } == true)
        }
    }
}
