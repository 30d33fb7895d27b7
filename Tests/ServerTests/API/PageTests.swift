import HTTPTransport
import PipelineModel
import Server
import Store
import Testing

@Suite struct PageTests {
    /// What a title may hold; the quote carries a combining mark, which an escaping by letter would let pass.
    static let hostile = "<script>alert(1)</script> \"\u{301} onload=x ' & \u{1B}]0;x\u{7}"

    @Test("a stranger is led to the login, and from there to the page they came for")
    func login() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("test"))
            let answer = try await server.ask("GET", "/pipelines/\(id)", as: nil)
            #expect(answer.status == 303 && answer.headers["Location"] == "/login?next=%2Fpipelines%2F\(id)")
            let list = try await server.ask("GET", "/pipelines?repository=ml/churn&before=9", as: nil)
            let next = try #require(list.headers["Location"]?.dropFirst("/login?next=".count).removingPercentEncoding)
            #expect(next == "/pipelines?repository=ml%2Fchurn&before=9")
            let wrong = try await server.ask("POST", "/login", as: nil, body: "token=nope&next=%2Fpipelines")
            #expect(wrong.status == 401 && wrong.text.contains("not known"))
            let form = "token=\(server.token(.read))&next=%2Fpipelines%2F\(id)"
            let right = try await server.ask("POST", "/login", as: nil, body: form)
            #expect(right.status == 303 && right.headers["Location"] == "/pipelines/\(id)")
            let cookie = try #require(right.headers["Set-Cookie"])
            for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] { #expect(cookie.contains(part)) }
            #expect(!cookie.contains(server.token(.read)))
            let value = String(cookie.prefix { $0 != ";" })
            let page = try await server.ask("GET", "/pipelines/\(id)", as: nil, headers: [("Cookie", value)])
            #expect(page.status == 200 && page.text.contains("Halve the warm-up"))
            let forged = value.replacing("pawl_session=1:", with: "pawl_session=2:")
            #expect(try await server.ask("GET", "/pipelines", as: nil, headers: [("Cookie", forged)]).status == 303)
            let token = try #require(try await server.store.tokens().first { $0.scope == .read })
            try await server.store.revokeToken(token.id, now: apiMoment(101))
            #expect(try await server.ask("GET", "/pipelines", as: nil, headers: [("Cookie", value)]).status == 303)
        }
    }

    @Test(
        "after the login nobody is led to another site",
        arguments: ["https://evil.example", "//evil.example", "/%5Cevil", "/pipelines%0d%0aX: y", "javascript:1"])
    func redirects(_ next: String) async throws {
        try await APIServer.serve { server in
            let form = "token=\(server.token(.read))&next=\(next)"
            let answer = try await server.ask("POST", "/login", as: nil, body: form)
            #expect(answer.status == 303 && answer.headers["Location"] == "/pipelines")
        }
    }

    @Test("a signed link shows its own pipeline with all its pages, nothing else, and not for ever")
    func signedLink() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("a/b \"1\""))
            let other = try await server.pipeline(stagedPlan("test"))
            let link = try #require(server.links.link(to: id))
            #expect(link.hasPrefix("https://pawl.example.com/pipelines/\(id)?grant="))
            let path = String(link.dropFirst("https://pawl.example.com".count))
            let page = try await server.ask("GET", path, as: nil)
            #expect(page.status == 200)
            let grant = String(path.drop { $0 != "?" })
            let job = "/pipelines/\(id)/a%2Fb%20%221%22"
            #expect(page.text.contains("href=\"\(job)\(grant)\""))
            #expect(try await server.ask("GET", job + grant, as: nil).status == 200)
            #expect(try await server.ask("GET", "/pipelines/\(other)" + grant, as: nil).status == 303)
            #expect(try await server.ask("GET", "/pipelines" + grant, as: nil).status == 303)
            #expect(try await server.ask("GET", "/api/pipelines/\(id)" + grant, as: nil).status == 401)
            server.set(apiMoment(91 * 86_400))
            let late = try await server.ask("GET", path, as: nil)
            let login = try #require(late.headers["Location"])
            #expect(late.status == 303 && login == "/login?next=%2Fpipelines%2F\(id)&expired=true")
            #expect(try await server.ask("GET", login, as: nil).text.contains("good for 90 days"))
        }
    }

    @Test("what strangers wrote is shown as text, under a policy that would run none of it")
    func hostileText() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("te<b>st"), title: Self.hostile)
            let key = try await server.start()
            let log = "\u{1B}[31mred\u{1B}[0m <img src=x onerror=y> \u{1B}]8;;http://evil\u{7}link\u{1B}]8;;\u{7}"
            _ = try await server.store.appendLog(Array(log.utf8), at: 0, to: key)
            let failed = FailedCase(name: Self.hostile, file: Self.hostile, line: 3, message: [Self.hostile, "second"])
            try await server.end(
                key, failing: Failure(.script, exitCode: 1, Self.hostile),
                findings: Findings(tests: TestReport(passed: 2, failed: 1, failures: [failed]), remarks: [Self.hostile])
            )
            let link = try #require(server.links.link(to: id)).dropFirst("https://pawl.example.com".count)
            let grant = link.drop { $0 != "?" }
            let page = try await server.ask("GET", String(link), as: nil)
            let jobPage = try await server.ask("GET", "/pipelines/\(id)/te%3Cb%3Est\(grant)", as: nil)
            for answer in [page, jobPage] {
                #expect(answer.status == 200)
                // Looked at by bytes, as a browser does: by letter, a quote with a combining mark is no quote.
                let bytes = Array(answer.text.utf8)
                for run in ["<script>", "<img", "<b>", "\"\u{301}"] { #expect(!bytes.containsRun(Array(run.utf8))) }
                let policy = try #require(answer.headers["Content-Security-Policy"])
                #expect(policy.hasPrefix("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
                #expect(policy.contains("script-src 'none'"))
                #expect(answer.headers["X-Content-Type-Options"] == "nosniff")
            }
            #expect(jobPage.text.contains("<span class=\"f1\">red</span> &lt;img src=x onerror=y&gt; link"))
            #expect(jobPage.text.contains("Tests: 1 failed, 2 passed"))
            let plain = try await server.ask("GET", "/pipelines/\(id)/te%3Cb%3Est/log\(grant)", as: nil)
            #expect(plain.text == "red <img src=x onerror=y> link")
            #expect(plain.headers["Content-Type"]?.hasPrefix("text/plain") == true)
        }
    }

    @Test("a job's page grows with its log and ends with the job")
    func events() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(stagedPlan("test"))
            let key = try await server.start()
            _ = try await server.store.appendLog(Array("first\n".utf8), at: 0, to: key)
            let link = try #require(server.links.link(to: id))
            let grant = String(link.drop { $0 != "?" }.dropFirst())
            let page = try await server.ask("GET", "/pipelines/\(id)/test?\(grant)", as: nil)
            #expect(page.text.contains("offset=6") && page.text.contains("live.js"))
            let response = try await server.open(
                "/pipelines/\(id)/test?offset=6&\(grant)", as: nil, headers: [("Accept", "text/event-stream")])
            var body = response.body.makeAsyncIterator()
            var read = ""
            func readUntil(_ text: String) async throws {
                while !read.contains(text), let bytes = try await body.next() {
                    read += String(decoding: bytes, as: UTF8.self)
                }
                #expect(read.contains(text))
            }
            try await readUntil("event: state")
            _ = try await server.store.appendLog(Array("<second>".utf8), at: 6, to: key)
            try await readUntil("id: 14\ndata: \"&lt;second&gt;\"")
            try await server.end(key)
            try await readUntil("event: end")
            #expect(!read.contains("first"))
        }
    }

    @Test(
        "no address is a fault",
        arguments: [
            "/pipelines/x", "/pipelines/99", "/pipelines/1/nope", "/pipelines/%2e%2e/x", "/pipelines/1/%FF/log",
        ])
    func wrongAddresses(_ path: String) async throws {
        try await APIServer.serve { server in
            let answer = try await server.ask("GET", path, as: nil)
            #expect([303, 404].contains(answer.status))
        }
    }
}

extension Array where Element == UInt8 {
    /// Whether the bytes stand in it one after another.
    func containsRun(_ run: [UInt8]) -> Bool {
        guard !run.isEmpty, count >= run.count else { return run.isEmpty }
        return (0...(count - run.count)).contains { self[$0..<($0 + run.count)].elementsEqual(run) }
    }
}
