import Executors
import Forges
import Foundation
import GitRepositories
import HTTPTransport
import Logging
import PipelineModel
import Runner
import Server
import ServiceLifecycle
import Signing
import Store

/// Builds the server of its settings: every part once, each given what it needs.
struct Assembly: Sendable {
    let settings: Settings
    let folder: DataFolder
    let faults: FaultInjector
    let logger: Logger
    let client: HTTPClient
    let vault: SecretVault
    let forges: ForgeConnections
    let mirrors: Mirrors
    let store: Store
    let pageKey: [UInt8]
    let links: PipelineLinks
    let networks: IPv4Range
    let engine: DockerEngine
    let tests = TestDeliveries()
    /// The socket that the program before this one in the process left.
    let inherited: ListeningSocket?
    let pulledImages: PulledImages
    /// The runner inside the server; nil where its settings give it no slots.
    let embeddedRunner: (id: RunnerID, parts: RunnerParts)?

    /// Opens the data folder and connects to the forges of the settings.
    init(
        _ settings: Settings, inherited: ListeningSocket?, faults: FaultInjector, logger: Logger
    ) async throws {
        self.settings = settings
        self.inherited = inherited
        self.faults = faults
        self.logger = logger
        folder = DataFolder(settings.server.data)
        client = HTTPClient()
        vault = SecretVault(key: try folder.readSealingKey())
        forges = try ForgeConnections(settings.forges, sender: client)
        mirrors = try Mirrors(root: folder.mirrors)
        let pageKey = try folder.readSealingKey().derived(for: "pages")
        self.pageKey = pageKey
        let links = try PipelineLinks(key: pageKey, baseURL: settings.server.url, now: { .wall })
        self.links = links
        networks = try settings.runner.networks()
        engine = DockerEngine(socket: settings.runner.dockerSocket, sender: client)
        pulledImages = PulledImages(file: folder.pulledImages, now: { .wall })
        store = try await Store.open(
            folder.storeSettings(
                pipelineURL: { links.link(to: $0) }, statusJobLimit: settings.server.jobStatuses,
                tariff: settings.tariff,
                faults: faults,
                logger: logger), now: .wall)
        let runner = settings.runner
        if runner.slots > 0 {
            let parts = try RunnerParts(
                runner,
                settings: runner.ofRunner(
                    in: folder.runner, defaultImage: settings.server.defaultImage, faults: faults),
                engine: engine, networks: networks, pulledImages: pulledImages, logger: logger)
            let id = try await store.enterEmbeddedRunner(
                name: runner.name, tags: runner.tags, slots: runner.slots, inventory: await parts.machine.look(),
                now: .wall)
            embeddedRunner = (id, parts)
        } else {
            try await store.retireEmbeddedRunner(now: .wall)
            embeddedRunner = nil
        }
    }

    /// Everything that runs for as long as the server does, what others depend on first, and of it what answers HTTP.
    func services(
        onListening: @escaping @Sendable (Int) async -> Void
    ) throws -> (all: [any Service], web: WebService) {
        let now: @Sendable () -> Timestamp = { .wall }
        let lease = settings.server.lease
        let terms = LeaseTerms(lease: lease, handOut: min(lease, .seconds(20)))
        let planner = EventPlanner(forges: forges, mirrors: mirrors, now: now)
        let web = try webServer(planner: planner, terms: terms, now: now)
        var services: [any Service] = [
            StatusPublisher(store: store, forges: forges, now: now, logger: logger),
            ReportPublisher(
                store: store, forges: forges, mirrors: mirrors, pageURL: { [links] in links.link(to: $0) }, now: now,
                logger: logger),
            RescueService(store: store, terms: terms, now: now, logger: logger),
            JudgingService(store: store, baselines: planner.baselinePipeline, now: now, logger: logger),
            try proving(now: now),
            UnservedService(store: store, limit: settings.server.noRunnerTimeout, now: now, logger: logger),
            RetentionService(
                store: store, mirrors: mirrors, retention: settings.retention.ofStore,
                unusedMirrors: settings.retention.mirrors, removeImages: removeImages, now: now, logger: logger),
            Intake(store: store, forges: forges, planner: planner, tests: tests, now: now, logger: logger),
            MissedEvents(store: store, forges: forges, mirrors: mirrors, now: now, logger: logger),
        ]
        if let (id, parts) = embeddedRunner { services.append(try runner(parts, as: id, terms: terms, now: now)) }
        let service = try web.service(onListening: onListening)
        services.append(service)
        return (services, service)
    }

    /// Removes images that no job has used for as long as the settings say.
    private var removeImages: @Sendable () async throws -> Void {
        let (engine, images, age) = (engine, pulledImages, settings.retention.images)
        let isOurs = settings.runner.slots > 0
        return { if isOurs { try await images.removeUnused(for: age, from: engine) } }
    }

    /// Closes the store. Call it when every service has ended.
    func close() throws {
        client.shutdown()
        try store.close()
    }
}
