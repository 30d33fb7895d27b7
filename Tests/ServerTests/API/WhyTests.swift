import PipelineModel
import Server
import Store
import Testing

@Suite struct WhyTests {
    private func why(_ job: String, of id: PipelineID, on server: APIServer) async throws -> WhyView {
        try await server.ask("GET", "/api/pipelines/\(id)/why?job=\(job)", as: .read).decode()
    }

    @Test("a job that waits is told what for: other jobs, a free runner, or a runner that is not there")
    func waiting() async throws {
        try await APIServer.serve { server in
            let first = try await server.pipeline(stagedPlan("test", "train"))
            let second = try await server.pipeline(stagedPlan("test"), branch: "second")
            let third = try await server.pipeline(stagedPlan("sweep") { $0.tags = ["h100"] }, branch: "third")
            let train = try await why("train", of: first, on: server)
            #expect(train.answer == "it needs test." && train.facts.first?.text == "waits for a runner")
            #expect(try await why("test", of: first, on: server).place == 1)
            let queued = try await why("test", of: second, on: server)
            #expect(queued.place == 2 && queued.since == apiMoment(1))
            let sweep = try await why("sweep", of: third, on: server)
            #expect(sweep.answer == "no runner has the tags it asks for.")
            #expect(sweep.facts.last?.text == "local  2 at once  never: lacks tag h100")
            #expect(sweep.endsAt == nil)
            _ = try await server.store.endUnserved(for: .minutes(30), now: apiMoment(10))
            #expect(try await why("sweep", of: third, on: server).endsAt == apiMoment(10) + .minutes(30))
        }
    }

    @Test("a failure is the script's or Pawl's, and what was not run names the job whose end is the reason")
    func ended() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("test", "train"))
            let key = try await server.start()
            try await server.end(key, failing: Failure(.script, exitCode: 1, "exit 1 after  pytest"))
            let test = try await why("test", of: id, on: server)
            #expect(test.answer == "your script: exit 1 after  pytest" && !test.isOurs)
            let train = try await why("train", of: id, on: server)
            #expect(train.answer == "test failed, and it needs that.")
            #expect(train.helps.first?.command == "pawl why \(id)/test")

            let other = try await server.pipeline(stagedPlan("test"), branch: "other")
            let again = try await server.start()
            try await server.end(again, failing: Failure(.image, "registry: 503"), now: apiMoment(99))
            let ours = try await why("test", of: other, on: server)
            #expect(ours.answer.hasSuffix("after a failure that was not the script's."))
            #expect(ours.facts.first?.text == "local  image  registry: 503")
        }
    }

    @Test("a manual job says who starts it, and playing it does")
    func manual() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("deploy") { $0.when = .manual })
            let view = try await why("deploy", of: id, on: server)
            #expect(view.helps.map(\.command) == ["pawl play \(id)/deploy"])
            let played: ChangeView = try await server.ask(
                "POST", "/api/pipelines/\(id)/play?job=deploy", as: .run
            ).decode()
            #expect(played.jobs == [.init(name: "deploy", text: "queued")])
        }
    }
}
