import PipelineModel
import Server
import Store
import Testing

@Suite struct UsageTests {
    private static let month = Month(of: apiMoment(100))

    private static func training() -> Plan {
        stagedPlan("train") {
            var ml = MLSettings()
            ml.gpus = 1
            $0.ml = ml
        }
    }

    /// Hands out the next job to a runner with a GPU; nil where none is for it.
    private func start(_ server: APIServer, now: Timestamp) async throws -> LeaseKey? {
        let gpu = GPU(uuid: "GPU-1", index: 0, model: "A100", memory: .gibibytes(40), driver: "550")
        let runner = try await server.store.enterEmbeddedRunner(
            name: "local", tags: [], slots: 2, inventory: .init(gpus: [gpu]), now: now)
        guard let claim = try await server.store.claim(by: runner, leaseFor: .hours(3), now: now) else { return nil }
        _ = try await server.store.acknowledge(claim.key, now: now)
        return claim.key
    }

    private func usage(_ server: APIServer, _ query: String = "") async throws -> UsageListView {
        try await server.ask("GET", "/api/usage\(query)", as: .read).decode()
    }

    @Test("a month's usage is told by repository, and with the job's attempt")
    func month() async throws {
        try await APIServer.serve { server in
            let id = try await server.pipeline(Self.training())
            let key = try #require(try await start(server, now: apiMoment(2)))
            var result = AttemptResult(finishedAt: apiMoment(62))
            result.usage = AttemptUsage(wallMs: 36_000, cpuMs: 50_000, uploaded: .mebibytes(1))
            result.usage?.peakMemory = .gibibytes(17)
            try await server.store.complete(key, with: result, now: apiMoment(62))
            let view = try await usage(server)
            #expect(view.month == Self.month)
            #expect(view.repositories.map(\.repository) == ["ml/churn"])
            #expect(view.repositories.first?.gpuHours == 0.01 && view.repositories.first?.attempts == 1)
            #expect(try await usage(server, "?repository=churn&month=2020-01").repositories.first?.attempts == 0)
            #expect(try await server.ask("GET", "/api/usage?month=November", as: .read).status == 400)
            let detail: PipelineDetailView = try await server.ask("GET", "/api/pipelines/\(id)", as: .read).decode()
            #expect(detail.jobs.first?.attempts.first?.usage?.gpuMs == 36_000)
            let list: RepositoryListView = try await server.ask("GET", "/api/repositories", as: .read).decode()
            #expect(list.repositories.first?.gpuHours == 0.01)
            let grant = try #require(server.links.link(to: id)).drop { $0 != "?" }
            let page = try await server.ask("GET", "/pipelines/\(id)/train\(grant)", as: nil)
            #expect(page.text.contains("0.01 GPU-hours, 50s of CPU, 36s on runners, peak 17 GiB"), "\(page.text)")
        }
    }

    @Test("a spent budget holds GPU jobs back, why says so, and an override is for a reason that stays on record")
    func budget() async throws {
        try await APIServer.serve { server in
            func set(_ body: String, as scope: TokenScope = .admin) async throws -> APIServer.Answer {
                try await server.ask("PATCH", "/api/repositories?repository=churn", as: scope, body: body)
            }
            #expect(try await set(#"{"gpuHoursOverride": 1, "reason": "deadline"}"#).status == 409)
            #expect(try await set(#"{"gpuHours": 1}"#, as: .run).status == 403)
            #expect(try await set(#"{"gpuHours": -1}"#).status == 400)
            let repository: RepositoryView = try await set(#"{"gpuHours": 0.01}"#).decode()
            #expect(repository.settings.gpuHourBudget == 0.01)
            _ = try await server.pipeline(Self.training())
            let key = try #require(try await start(server, now: apiMoment(2)))
            try await server.end(key, now: apiMoment(62))
            let id = try await server.pipeline(Self.training(), branch: "next")
            #expect(try await start(server, now: apiMoment(70)) == nil)
            let why: WhyView = try await server.ask("GET", "/api/pipelines/\(id)/why?job=train", as: .read).decode()
            #expect(why.answer.hasPrefix("ml/churn has used its GPU-hours of \(Self.month)"))
            #expect(why.facts.first?.text.hasPrefix("0.02 of 0.01 GPU-hours") == true)
            #expect(why.helps.first?.command.contains("--gpu-hours-override") == true)
            #expect(try await set(#"{"gpuHoursOverride": 1}"#).status == 400)
            let more: RepositoryView = try await set(#"{"gpuHoursOverride": 1, "reason": "deadline"}"#).decode()
            #expect(
                more.settings.gpuHourOverride
                    == .init(month: Self.month, hours: 1, reason: "deadline", by: "admin"))
            let audit = try await server.store.auditEntries(of: "repository.set")
            #expect(audit.contains { $0.by == "admin" && $0.detail?.hasSuffix(": deadline") == true })
            #expect(try await start(server, now: apiMoment(71)) != nil)
            let free: RepositoryView = try await set(#"{"removesGPUHours": true}"#).decode()
            #expect(free.settings.gpuHourBudget == nil && free.settings.gpuHourOverride == nil)
        }
    }

    @Test(
        "amounts of GPU time are told as people read them",
        arguments: [(0.8133, "0.81"), (80, "80"), (132.46, "132.5"), (0.004, "0.00"), (1.999, "2.00"), (0, "0")]
            as [(Double, String)])
    func words(hours: Double, text: String) { #expect(GPUTime.text(ofHours: hours) == text) }
}
