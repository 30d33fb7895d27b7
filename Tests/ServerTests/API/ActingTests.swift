import PipelineModel
import Server
import Store
import Testing

@Suite struct ActingTests {
    /// Fails a pipeline's first job by its script.
    private func fail(on server: APIServer) async throws {
        try await server.end(try await server.start(), failing: Failure(.script, exitCode: 1, "exit 1"))
    }

    /// Takes what a forge is owed, as soon as it is, until the pipeline has a pending status for the job again.
    private func takeMessages(of store: Store, until count: Int) async throws {
        var taken = 0
        while taken < count {
            let seen = store.outboxReady.count
            let due = try await store.dueMessages(now: apiMoment(200))
            for message in due { try await store.markSent(message.id, now: apiMoment(200)) }
            taken += due.filter { $0.status.context == "pawl/push/test" && $0.status.state == .pending }.count
            if due.isEmpty { await store.outboxReady.wait(after: seen) }
        }
    }

    @Test("retry says that the forge shows the job as pending once the forge does, and not before")
    func told() async throws {
        try await APIServer.serve(statusPatience: .seconds(50)) { server in
            let id = try await server.pipeline(stagedPlan("test", "train"))
            try await fail(on: server)
            async let forge: Void = takeMessages(of: server.store, until: 2)
            let view: ChangeView = try await server.ask(
                "POST", "/api/pipelines/\(id)/retry?failed=true", as: .run
            ).decode()
            #expect(view.jobs.map(\.name) == ["test", "train"])
            #expect(view.jobs[0].text == "attempt 2 queued, its status is pending again on the forge")
            #expect(view.jobs[1].text == "was not run for want of test, waits for it again")
            try await forge
            #expect(try await server.ask("POST", "/api/pipelines/\(id)/retry?job=test", as: .run).status == 409)
        }
    }

    @Test("a forge that does not answer is still owed the status, and retry says so", .timeLimit(.minutes(4)))
    func owed() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("test"))
            try await fail(on: server)
            let view: ChangeView = try await server.ask(
                "POST", "/api/pipelines/\(id)/retry?job=test", as: .run
            ).decode()
            #expect(view.jobs.map(\.text) == ["attempt 2 queued, its pending status is owed (pawl outbox \(id))"])
        }
    }

    @Test("where nobody hears statuses, retry speaks of none, and the outbox says that there is nobody")
    func silence() async throws {
        try await APIServer.serve(isHeard: false) { server in
            let id = try await server.pipeline(stagedPlan("test"))
            try await fail(on: server)
            let view: ChangeView = try await server.ask(
                "POST", "/api/pipelines/\(id)/retry?job=test", as: .run
            ).decode()
            #expect(view.jobs.map(\.text) == ["attempt 2 queued"])
            let outbox: MessageListView = try await server.ask("GET", "/api/outbox").decode()
            let heard = Set(outbox.messages.map(\.isHeard))
            #expect(heard == [false])
        }
    }

    @Test("playing a job before its turn says what it waits for, and does not say that it has started")
    func early() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(
                stagedPlan("train", "deploy") { if $0.name == "deploy" { $0.when = .manual } })
            let view: ChangeView = try await server.ask(
                "POST", "/api/pipelines/\(id)/play?job=deploy", as: .run
            ).decode()
            #expect(view.jobs == [.init(name: "deploy", text: "starts once train has passed")])
            #expect(view.text == "\(id)/deploy: starts once train has passed")
        }
    }

    @Test("a refusal to retry names a command that helps")
    func nothingFailed() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("test"))
            try await server.end(try await server.start())
            let answer = try await server.ask("POST", "/api/pipelines/\(id)/retry?failed=true", as: .run)
            #expect(answer.status == 409)
            #expect(try answer.decode(ErrorView.self).error.message.contains("pawl retry \(id)/JOB"))
        }
    }

    @Test("a delivery that became a pipeline is not run again; one that could not be worked out is")
    func replay() async throws {
        try await APIServer.serve { server in
            func delivery(_ number: Int) async throws -> DeliveryID {
                try await server.store.storeDelivery(
                    NewDelivery(forge: "github", event: "push", key: "k\(number)", body: Array("{}".utf8)),
                    now: apiMoment(1))
            }
            let planned = try await delivery(1)
            var new = NewPipeline(
                repository: server.repository.id, source: .push, ref: "refs/heads/main",
                commit: String(repeating: "a", count: 40), trust: PipelineTrust(isProtected: true, isFork: false),
                planning: .planned(stagedPlan("test")))
            new.title = "t"
            _ = try await server.store.createPipeline(new, finishing: planned, now: apiMoment(2))
            let refused = try await server.ask("POST", "/api/deliveries/\(planned)/replay", as: .run)
            #expect(refused.status == 409)
            #expect(try refused.decode(ErrorView.self).error.message.hasPrefix("d\(planned) became #"))

            let failed = try await delivery(2)
            try await server.store.finishDelivery(failed, as: .failed("no answer"), now: apiMoment(2))
            let again = try await server.ask("POST", "/api/deliveries/\(failed)/replay", as: .run)
            #expect(try again.decode(DeliveryView.self).state == .stored)
            #expect(try await server.ask("POST", "/api/deliveries/99/replay", as: .run).status == 404)
        }
    }
}
