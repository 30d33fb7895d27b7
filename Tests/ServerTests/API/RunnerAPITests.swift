import Foundation
import PipelineModel
import Server
import Signing
import Store
import Testing

/// What administrators and everybody else see and change of the pool.
@Suite struct RunnerAPITests {
    private let gpu = GPU(uuid: "GPU-a", index: 0, model: "L4", memory: .gibibytes(24), driver: "550")

    /// Joins a runner that sees these devices.
    private func join(
        _ name: String, on server: APIServer, gpus: [GPU] = [], terms: JoinTerms = JoinTerms(tags: ["gpu"])
    ) async throws -> StoredRunner {
        let token = Array("token of \(name)".utf8)
        try await server.store.addJoinToken(
            hash: token, terms: terms, expiresAt: apiMoment(10_000), by: "admin", now: apiMoment(0))
        let machine = JoiningRunner(
            name: name, slots: 2,
            request: ClaimRequest(
                inventory: RunnerInventory(engine: "Docker 24", cpus: 8, gpus: gpus, data: ["imagenet"]), version: "9.9"
            ),
            credentialHash: Array("credential of \(name)".utf8))
        return try await server.store.join(machine, with: token, now: server.now)
    }

    private func list(_ server: APIServer) async throws -> [RunnerView] {
        let view: RunnerListView = try await server.ask("GET", "/api/runners", as: .read).decode()
        return view.runners
    }

    @Test("the list has every runner with its machine, its devices and what it does")
    func listed() async throws {
        try await APIServer.serve { server in
            _ = try await join("gpu1", on: server, gpus: [gpu])
            let runners = try await list(server)
            #expect(runners.map(\.name) == ["gpu1", "local"])
            let runner = try #require(runners.first)
            #expect(runner.state == .idle)
            #expect(runner.tags == ["gpu"])
            #expect(runner.slots == 2)
            #expect(runner.gpus.map(\.state) == [.free])
            #expect(runner.data == ["imagenet"])
            #expect(runner.engine == "Docker 24")
            server.set(apiMoment(1_000))
            #expect(try await list(server).first?.state == .away)
        }
    }

    @Test("an edit changes what it names, and whom a runner serves is told by name")
    func edited() async throws {
        try await APIServer.serve { server in
            _ = try await join("gpu1", on: server)
            let body = #"{"tags": ["h100"], "repositories": ["churn"], "forks": false}"#
            let view: RunnerView = try await server.ask("PATCH", "/api/runners?runner=gpu1", body: body).decode()
            #expect(view.tags == ["h100"])
            #expect(view.slots == 2)
            #expect(view.repositories == ["ml/churn"])
            #expect(!view.forks)
            let all: RunnerView = try await server.ask(
                "PATCH", "/api/runners?runner=gpu1", body: #"{"repositories": []}"#
            ).decode()
            #expect(all.repositories.isEmpty)
            #expect(all.tags == ["h100"])
            #expect(try await server.ask("PATCH", "/api/runners?runner=gpu1", body: "{}").status == 400)
            #expect(try await server.ask("PATCH", "/api/runners?runner=gpu1", body: #"{"slots": 0}"#).status == 400)
            let guess = try await server.ask("PATCH", "/api/runners?runner=gpu2", body: body)
            #expect(guess.status == 404)
            #expect(guess.text.contains("Did you mean gpu1?"))
        }
    }

    @Test("a runner that is paused or draining says so; the one inside the server cannot drain")
    func standing() async throws {
        try await APIServer.serve { server in
            _ = try await join("gpu1", on: server)
            for (body, state) in [
                (#"{"isPaused": true}"#, RunnerView.State.paused), (#"{"isPaused": false}"#, .idle),
                (#"{"isDraining": true}"#, .draining),
            ] {
                let view: RunnerView = try await server.ask("PATCH", "/api/runners?runner=gpu1", body: body).decode()
                #expect(view.state == state)
            }
            let inside = try await server.ask("PATCH", "/api/runners?runner=local", body: #"{"isDraining": true}"#)
            #expect(inside.status == 409)
            #expect(inside.text.contains("pawl runner pause local"))
        }
    }

    @Test("a device that failed is set aside until it was checked, and only where its machine sees it well")
    func checked() async throws {
        try await APIServer.serve { server in
            var failed = gpu
            failed.condition = .failed("Xid 79")
            let runner = try await join("gpu1", on: server, gpus: [failed])
            let aside = try #require(try await list(server).first?.gpus.first)
            #expect(aside.state == .setAside)
            #expect(aside.reason == "Xid 79")
            func check(_ query: String) async throws -> APIServer.Answer {
                try await server.ask("POST", "/api/runners/check?runner=gpu1" + query)
            }
            let still: RunnerCheckView = try await check("").decode()
            #expect(still.gpus.map(\.state) == [.setAside])
            try await server.store.noteRunner(
                runner.id, request: ClaimRequest(inventory: RunnerInventory(gpus: [gpu]), version: "9.9"),
                now: server.now)
            #expect(try await list(server).first?.gpus.map(\.state) == [.setAside])
            let well: RunnerCheckView = try await check("&gpu=0").decode()
            #expect(well.gpus.map(\.state) == [.free])
            #expect(try await check("&gpu=7").status == 404)
            #expect(try await check("&gpu=x").status == 400)
        }
    }

    @Test("a runner that is removed is gone, and so is what it could show")
    func removed() async throws {
        try await APIServer.serve { server in
            _ = try await join("gpu1", on: server)
            #expect(try await server.ask("DELETE", "/api/runners?runner=gpu1").status == 200)
            #expect(try await list(server).map(\.name) == ["local"])
            #expect(try await server.store.runner(credentialHash: Array("credential of gpu1".utf8)) == nil)
            #expect(try await server.ask("DELETE", "/api/runners?runner=gpu1").status == 404)
        }
    }

    @Test("a join token names the server's program, and the store knows it by a digest alone")
    func token() async throws {
        try await APIServer.serve { server in
            let body = #"""
                {"tags": ["gpu"], "repositories": ["churn"], "protectedOnly": false, "forks": false,
                 "isEphemeral": true, "seconds": 3600}
                """#
            let answer = try await server.ask("POST", "/api/runners/token", body: body)
            #expect(answer.status == 201)
            let view: JoinTokenView = try answer.decode()
            #expect(view.server == "https://pawl.example.com")
            #expect(view.expiresAt == server.now + .hours(1))
            #expect(RunnerSecret.joinToken.isWellFormed(view.token))
            let program = try Array(Data(contentsOf: URL(filePath: "/bin/true")))
            let digest = Hex.encode(try SHA256Digest.of(program))
            #expect(view.token.hasSuffix("." + digest))
            let terms = try await server.store.joinTerms(
                hash: try RunnerSecret.storedHash(of: view.token), now: server.now)
            #expect(terms?.tags == ["gpu"])
            #expect(terms?.isEphemeral == true)
            #expect(terms?.scope == ServingScope(repositories: [server.repository.id], forks: false))
            let short = body.replacing("3600", with: "5")
            #expect(try await server.ask("POST", "/api/runners/token", body: short).status == 400)
        }
    }

    @Test(
        "whoever may only look changes nothing of the pool",
        arguments: [
            ("PATCH", "/api/runners?runner=local"), ("DELETE", "/api/runners?runner=local"),
            ("POST", "/api/runners/check?runner=local"), ("POST", "/api/runners/token"),
        ])
    func scopes(method: String, path: String) async throws {
        try await APIServer.serve { server in
            let looking = try await server.ask(method, path, as: .run, body: "{}")
            #expect(looking.status == 403)
            let nobody = try await server.ask(method, path, as: nil, body: "{}")
            #expect(nobody.status == 401)
        }
    }

    @Test("limits of a repository's jobs are set and taken away")
    func repositoryLimits() async throws {
        try await APIServer.serve { server in
            let path = "/api/repositories?repository=churn"
            let set: RepositoryView = try await server.ask(
                "PATCH", path, body: #"{"priority": "high", "jobLimit": 4, "pipelineJobLimit": 2}"#
            ).decode()
            #expect(set.settings.priority == .high)
            #expect(set.settings.jobLimit == 4)
            #expect(set.settings.pipelineJobLimit == 2)
            let cleared: RepositoryView = try await server.ask("PATCH", path, body: #"{"jobLimit": 0}"#).decode()
            #expect(cleared.settings.jobLimit == nil)
            #expect(cleared.settings.pipelineJobLimit == 2)
            #expect(try await server.ask("PATCH", path, body: #"{"jobLimit": -1}"#).status == 400)
        }
    }
}
