import HTTPTransport
import PipelineModel
import Server
import Signing
import Store
import Testing

@Suite struct APITests {
    @Test(
        "every path but health refuses who has no good token, with a sentence",
        arguments: [
            ("GET", "/api/pipelines"), ("GET", "/api/pipelines/1/follow"), ("GET", "/api/pipelines/1/log?job=x"),
            ("POST", "/api/pipelines/1/retry"), ("PUT", "/api/secrets?repository=x"), ("GET", "/api/backup"),
            ("POST", "/api/tokens"),
        ])
    func strangers(_ method: String, _ path: String) async throws {
        try await APIServer.serve { server in
            for token in [nil, "pawl_wrong", "pawl_" + String(repeating: "A", count: 43)] {
                let answer = try await server.ask(method, path, as: nil, token: token)
                #expect(answer.status == 401)
                let view: ErrorView = try answer.decode()
                #expect(view.error.code == "unauthorized" && view.error.message.contains("pawl"))
            }
            #expect(try await server.ask("GET", "/api/health", as: nil).status == 200)
        }
    }

    @Test(
        "a scope reaches as far as it says, and the refusal names the one that is needed",
        arguments: [
            ("POST", "/api/pipelines/1/retry?failed=true", TokenScope.read, "run"),
            ("POST", "/api/deliveries/1/replay", .read, "run"), ("GET", "/api/tokens", .run, "admin"),
            ("GET", "/api/backup", .run, "admin"), ("PUT", "/api/secrets?repository=x", .run, "admin"),
        ])
    func scopes(_ method: String, _ path: String, _ scope: TokenScope, _ needed: String) async throws {
        try await APIServer.serve { server in
            let answer = try await server.ask(method, path, as: scope)
            #expect(answer.status == 403)
            #expect(try answer.decode(ErrorView.self).error.message.contains("(needs scope \(needed))"))
        }
    }

    @Test("whoever tries wrong tokens is made to wait, and a good token waits with them, but no longer")
    func wrongTokens() async throws {
        try await APIServer.serve { server in
            func status(_ token: String) async throws -> Int {
                try await server.ask("GET", "/api/version", as: nil, token: token).status
            }
            for _ in 0..<10 {
                let answer = try await status("guess")
                #expect(answer == 401)
            }
            #expect(try await status("guess") == 429)
            #expect(try await status(server.token(.admin)) == 429)
            server.set(apiMoment(107))
            #expect(try await status(server.token(.admin)) == 200)
        }
    }

    @Test("a pipeline is shown with its jobs, and a job that is not there with a guess")
    func pipeline() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("test", "train"))
            let key = try await server.start()
            try await server.end(key, failing: Failure(.script, exitCode: 1, "exit 1 after  pytest"))
            let view: PipelineDetailView = try await server.ask("GET", "/api/pipelines/\(id)", as: .read).decode()
            #expect(view.pipeline.repository == "ml/churn" && view.pipeline.state == .failed)
            #expect(view.jobs.map(\.state) == [.failed, .notRun])
            #expect(view.jobs[0].failure?.isOurs == false && view.jobs[0].duration(at: view.at) == .seconds(10))
            #expect(view.jobs[1].because == "test" && view.jobs[1].needs == ["test"])
            let latest: PipelineDetailView = try await server.ask("GET", "/api/pipelines/latest?commit=7fd1a60")
                .decode()
            #expect(latest.pipeline.id == id)
            let missing = try await server.ask("GET", "/api/pipelines/\(id)/why?job=trian")
            #expect(missing.status == 404)
            #expect(
                try missing.decode(ErrorView.self).error.message
                    == "\(id)/trian: no such job in #\(id). Did you mean train? It has: test train")
            let list: PipelineListView = try await server.ask("GET", "/api/pipelines?repository=churn").decode()
            #expect(list.pipelines.map(\.id) == [id])
        }
    }

    @Test("an approval holds for the commit that was looked at alone")
    func approval() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("test"), isHeld: true)
            let path = "/api/pipelines/\(id)/approve?commit="
            #expect(try await server.ask("POST", path + String(repeating: "a", count: 40), as: .run).status == 409)
            let why: WhyView = try await server.ask("GET", "/api/pipelines/\(id)/why?job=test").decode()
            #expect(why.answer.contains("approved") && why.helps.first?.command == "pawl approve \(id)")
            let commit = "7fd1a60aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            #expect(try await server.ask("POST", path + commit, as: .run).status == 200)
            let view: PipelineDetailView = try await server.ask("GET", "/api/pipelines/\(id)").decode()
            #expect(view.pipeline.approvedBy == "run" && view.pipeline.state == .running)
        }
    }

    @Test("following tells each change as it happens and ends with the pipeline")
    func follow() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("test"))
            let response = try await server.open("/api/pipelines/\(id)/follow")
            var lines = response.body.makeAsyncIterator()
            func next() async throws -> String {
                while let bytes = try await lines.next() {
                    let text = String(decoding: bytes, as: UTF8.self).trimmingSpaces
                    if !text.isEmpty { return text }
                }
                return ""
            }
            #expect(try await next().contains("\"state\":\"ready\""))
            let key = try await server.start()
            var seen = try await next()
            while !seen.contains("\"state\":\"running\"") || !seen.contains("\"runner\"") { seen = try await next() }
            try await server.end(key)
            while !seen.contains("\"state\":\"passed\"") { seen = try await next() }
            #expect(try await next().isEmpty)
        }
    }

    @Test("a followed log comes as it is written, from the offset asked for, and ends with the attempt")
    func log() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("a/b 1"))
            let response = try await server.open("/api/pipelines/\(id)/log?job=a%2Fb%201&follow=true&offset=3")
            var body = response.body.makeAsyncIterator()
            let key = try await server.start()
            _ = try await server.store.appendLog(Array("one two".utf8), at: 0, to: key)
            var read = ""
            while read.count < 4, let bytes = try await body.next() { read += String(decoding: bytes, as: UTF8.self) }
            #expect(read == " two")
            _ = try await server.store.appendLog(Array(" three".utf8), at: 7, to: key)
            try await server.end(key)
            while let bytes = try await body.next() { read += String(decoding: bytes, as: UTF8.self) }
            #expect(read == " two three")
        }
    }

    @Test("a secret's value is sealed, and no answer ever holds it")
    func secrets() async throws {
        try await APIServer.serve { server in
            let path = "/api/secrets?repository=ml/churn"
            let body = #"{"description":{"name":"KEY","kind":"variable","protectedOnly":true},"value":"hunter2"}"#
            let set = try await server.ask("PUT", path, body: body)
            #expect(set.status == 200 && !set.text.contains("hunter2"))
            #expect(server.sealed.withLockedValue { $0 } == ["hunter2"])
            let list = try await server.ask("GET", path)
            #expect(try list.decode(SecretListView.self).secrets.map(\.description.name) == ["KEY"])
            #expect(!list.text.contains("hunter2"))
            let reserved = body.replacing("KEY", with: "CI_TOKEN")
            #expect(try await server.ask("PUT", path, body: reserved).status == 400)
            #expect(try await server.ask("DELETE", path + "&name=KEY").status == 200)
            #expect(try await server.ask("DELETE", path + "&name=KEY").status == 404)
            let audit = try await server.store.auditEntries()
            #expect(audit.map(\.action).contains("secret.set"))
        }
    }

    @Test("a token is shown once, works, and is dead once revoked")
    func tokens() async throws {
        try await APIServer.serve { server in
            let made: NewTokenView = try await server.ask(
                "POST", "/api/tokens", body: #"{"name":"bot","scope":"read"}"#
            ).decode()
            #expect(try await server.ask("GET", "/api/version", as: nil, token: made.token).status == 200)
            let list = try await server.ask("GET", "/api/tokens")
            #expect(list.status == 200 && !list.text.contains(made.token))
            #expect(try await server.ask("DELETE", "/api/tokens/\(made.id)").status == 200)
            #expect(try await server.ask("GET", "/api/version", as: nil, token: made.token).status == 401)
        }
    }

    @Test("a backup is a whole database, and leaves no copy on the server")
    func backup() async throws {
        try await APIServer.serve { server in
            let answer = try await server.open("/api/backup", as: .admin)
            let bytes = try await answer.collect(upTo: 64 << 20)
            #expect(bytes.starts(with: Array("SQLite format 3".utf8)))
            #expect(answer.headers["Content-Length"] == String(bytes.count))
            #expect(answer.headers["Content-Disposition"] == "attachment; filename=\"pawl.sqlite\"")
        }
    }

    @Test(
        "what is sent wrongly is refused with a sentence, never with a fault",
        arguments: [
            ("GET", "/api/pipelines/abc"), ("GET", "/api/pipelines/99999999999999999999"),
            ("GET", "/api/pipelines?limit=0"), ("GET", "/api/pipelines?limit=x"), ("GET", "/api/pipelines/7"),
            ("POST", "/api/pipelines"), ("PATCH", "/api/repositories"), ("GET", "/api/pipelines/1/log"),
            ("GET", "/api/pipelines/latest?commit=%00"), ("DELETE", "/api/tokens/9"),
            ("GET", "/api/outbox?pipeline=-1"),
            ("GET", "/api/pipelines?repository=nowhere"), ("GET", "/api/pipelines/-9223372036854775808/why?job=x"),
        ])
    func wrongRequests(_ method: String, _ path: String) async throws {
        try await APIServer.serve { server in
            let answer = try await server.ask(method, path)
            #expect([400, 404].contains(answer.status))
            let view: ErrorView = try answer.decode()
            #expect(!view.error.message.isEmpty)
        }
    }
}

@Suite struct ArtifactTests {
    @Test("an artifact is a file to be saved: under its job's name, never shown or run by a browser")
    func download() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("train \"é\"\r\nx"))
            let key = try await server.start()
            let content = Array("<script>alert(1)</script>".utf8)
            let reference = ArtifactReference(
                sha256: Hex.encode(try SHA256Digest.of(content)), size: ByteCount(bytes: Int64(content.count)),
                fileCount: 1, paths: ["model.bin"])
            let stream = AsyncThrowingStream<[UInt8], any Error> { continuation in
                continuation.yield(content)
                continuation.finish()
            }
            try await server.store.storeArtifact(reference, content: stream, for: key, now: server.now)
            try await server.end(key)
            let job = "train%20%22%C3%A9%22%0D%0Ax"
            let link = try #require(server.links.link(to: id))
            let grant = link.drop { $0 != "?" }
            let fromAPI = try await server.ask("GET", "/api/pipelines/\(id)/artifact?job=\(job)", as: .read)
            let fromPage = try await server.ask("GET", "/pipelines/\(id)/\(job)/artifact\(grant)", as: nil)
            for answer in [fromAPI, fromPage] {
                #expect(answer.status == 200 && answer.text == "<script>alert(1)</script>")
                let name = "attachment; filename=\"\(id)-train-----x-1.tar.zst\""
                #expect(answer.headers["Content-Disposition"] == name)
                #expect(answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox")
                #expect(answer.headers["X-Content-Type-Options"] == "nosniff")
            }
            let missing = try await server.ask("GET", "/api/pipelines/\(id)/artifact?job=\(job)&attempt=2", as: .read)
            #expect(missing.status == 404)
        }
    }
}
