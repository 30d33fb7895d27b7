import HTTPTransport
import PipelineModel
import Testing

@Suite struct StoppingTests {
    @Test(
        "a server that is asked to stop does, whoever follows, and no follower takes what it has for all",
        .timeLimit(.minutes(4)))
    func followers() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("test"))
            let key = try await server.start()
            _ = try await server.store.appendLog(Array("first".utf8), at: 0, to: key)
            let link = try #require(server.links.link(to: id))
            let grant = link.drop { $0 != "?" }
            let page = [(name: "Accept", value: "text/event-stream")]
            let answers = [
                try await server.open("/api/pipelines/\(id)/follow"),
                try await server.open("/api/pipelines/\(id)/log?job=test&follow=true"),
                try await server.open("/pipelines/\(id)\(grant)", as: nil, headers: page),
                try await server.open("/pipelines/\(id)/test\(grant)", as: nil, headers: page),
            ]
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (begun, began) = AsyncStream<Void>.makeStream()
                for answer in answers {
                    group.addTask {
                        var body = answer.body.makeAsyncIterator()
                        let first = try await body.next()
                        #expect(first?.isEmpty == false)
                        began.yield()
                        await #expect(throws: HTTPError.self) { while try await body.next() != nil {} }
                    }
                }
                var waiting = begun.makeAsyncIterator()
                for _ in answers { await waiting.next() }
                try await server.stop()
                try await group.waitForAll()
            }
        }
    }
}
