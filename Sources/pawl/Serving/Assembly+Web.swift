import Forges
import Foundation
import HTTPTransport
import Logging
import PipelineModel
import Server
import Signing

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
        var web = WebServer.Settings(socket: try listeningSocket(), spoolFolder: folder.spool)
        web.proxies = TrustedProxies(server.trustedProxies) ?? .none
        web.certificate = try Self.certificate(server, logger: logger)
        return web
    }

    private static func certificate(_ server: Settings.Server, logger: Logger) throws -> ServedCertificate? {
        guard let files = server.certificate else { return nil }
        do {
            return try ServedCertificate(chainFile: files.chain, keyFile: files.key, logger: logger)
        } catch {
            throw SettingsError(
                problems: [
                    "\(files.chain) and \(files.key) are no certificate with its key: \(error).  "
                        + "server.tls-certificate and server.tls-key name two files in PEM"
                ])
        }
    }

    /// Looks at all that settings name, without touching the data folder: what `pawl serve --check` does.
    /// - Throws: `SettingsError` where something is missing or wrong.
    static func check(_ settings: Settings) throws {
        let client = HTTPClient()
        defer { client.shutdown() }
        _ = try ForgeConnections(settings.forges, sender: client)
        _ = try settings.runner.networks()
        _ = try certificate(settings.server, logger: Logger(label: "pawl"))
    }

    /// The socket that the program before this one left, where the settings still ask for it; else a new one.
    private func listeningSocket() throws -> ListeningSocket {
        let server = settings.server
        if let inherited, inherited.serves(host: server.host, port: server.port) { return inherited }
        do {
            return try ListeningSocket(host: server.host, port: server.port)
        } catch {
            let advice = error.isTaken ? "Another program listens there; stop it, or change" : "Change"
            throw SettingsError(problems: ["nothing can listen on \(error).  \(advice) server.listen"])
        }
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
            folder: folder, store: store, engine: engine, executor: embeddedRunner?.parts.executor, networks: networks,
            lowWater: runner.lowWater, url: settings.server.url, sender: client, now: now)
        var environment = APIEnvironment(
            store: store, version: Version.text, temporaryFolder: folder.spool, now: now,
            seal: { value, secret, repository in
                try vault.seal(value, named: secret.name, environment: secret.environment, of: repository)
            },
            runPipeline: { try await run.pipeline(for: $0, by: $1) },
            addRepository: { try await adder.add($0, by: $1) },
            examine: { await examination.checks() }, isHeard: { !silent.contains($0) },
            publicURL: settings.server.url, program: try ServerProgram(),
            noRunnerTimeout: settings.server.noRunnerTimeout)
        environment.mirrors = mirrors
        environment.evidenceKey = try Ed25519Key(seed: folder.readSealingKey().derived(for: "evidence"))
        return environment
    }
}
