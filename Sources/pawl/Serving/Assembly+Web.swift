import Foundation
import PipelineModel
import Server

extension Assembly {
    /// What answers HTTP.
    func webServer(
        planner: EventPlanner, terms: LeaseTerms, now: @escaping @Sendable () -> Timestamp
    ) throws -> WebServer {
        let environment = try apiEnvironment(planner: planner, now: now)
        return WebServer(
            settings: try webSettings(),
            vault: vault, forges: forges, environment: environment,
            pages: try PageRoutes(environment, key: pageKey, baseURL: settings.server.url),
            runners: RunnerRoutes(store: store, assignments: assignments, terms: terms, now: now), logger: logger)
    }

    private func webSettings() throws -> WebServer.Settings {
        let server = settings.server
        var web = WebServer.Settings(host: server.host, port: server.port, spoolFolder: folder.spool)
        web.proxies = TrustedProxies(server.trustedProxies) ?? .none
        if let files = server.certificate {
            do {
                web.certificate = try ServedCertificate(chainFile: files.chain, keyFile: files.key, logger: logger)
            } catch {
                throw SettingsError(
                    problems: [
                        "\(files.chain) and \(files.key) are no certificate with its key: \(error).  "
                            + "server.tls-certificate and server.tls-key name two files in PEM"
                    ])
            }
        }
        return web
    }

    private func apiEnvironment(
        planner: EventPlanner, now: @escaping @Sendable () -> Timestamp
    ) throws -> APIEnvironment {
        let vault = vault
        let run = ManualRun(store: store, forges: forges, mirrors: mirrors, planner: planner, now: now)
        let adder = RepositoryAdder(
            store: store, vault: vault, forges: forges, publicURL: settings.server.url,
            preview: { try await run.preview(of: $0) }, tests: tests, now: now)
        let runner = settings.runner
        let silent = Set(settings.forges.filter { $0.kind == .git && $0.callback == nil }.map(\.name))
        let examination = Examination(
            folder: folder, store: store, engine: engine, networks: networks, lowWater: runner.lowWater,
            url: settings.server.url, sender: client, now: now)
        return APIEnvironment(
            store: store, version: Version.text, temporaryFolder: folder.spool, now: now,
            seal: { value, secret, repository in
                try vault.seal(value, named: secret.name, environment: secret.environment, of: repository)
            },
            runPipeline: { try await run.pipeline(for: $0, by: $1) },
            addRepository: { try await adder.add($0, by: $1) },
            examine: { await examination.checks() }, isHeard: { !silent.contains($0) },
            publicURL: settings.server.url, program: try ServerProgram())
    }
}
