import Forges
import Foundation
import GitRepositories
import HTTPTransport
import Logging
import NIOConcurrencyHelpers
import PipelineModel
import ServiceLifecycle
import Signing
import Store
import TestSupport
import Testing

@testable import Server

/// A server over a real store and a real repository, on a port of its own: forges `github`, `gitlab` and `git` that
/// answer as a test says, all three with that repository, and a clock that a test sets.
///
/// Its intake works when it is told to, so that a test sees each step.
final class TestServer: Sendable {
    /// What is different from a server as people have it.
    struct Options: Sendable {
        var bodyLimit = 25 << 20
        var spoolLimit = 512 << 20
        var deadlines = WebServer.Deadlines()
        /// In the places of the scripted ones.
        var githubAPI: (any ForgeAPI)?
        var gitAPI: (any ForgeAPI)?
        var startsAt = Timestamp(milliseconds: 1_800_000_000_000)
    }

    let store: Store
    let vault: SecretVault
    let git: GitFixture
    let github = ScriptedForgeAPI(.github)
    let gitlab = ScriptedForgeAPI(.gitlab)
    let forges: ForgeConnections
    let mirrors: Mirrors
    let intake: Intake
    let spoolFolder: String
    let logger: Logger
    let client = HTTPClient()
    private let folder: String
    /// The store's folder.
    var dataFolder: String { folder + "/data" }
    private let clock: NIOLockedValueBox<Timestamp>
    private let listening = NIOLockedValueBox(0)
    private let serving = NIOLockedValueBox<WebService?>(nil)

    /// A pipeline file with one job.
    static let pipelineFile = "test:\n  image: busybox\n  script: [echo ok]\n"

    /// Serves for as long as the closure runs, and leaves nothing behind.
    static func serve(
        _ options: Options = Options(), _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        let server = try await TestServer(options)
        defer { try? FileManager.default.removeItem(atPath: server.folder) }
        let (ports, port) = AsyncStream<Int>.makeStream()
        let service = try server.webServer(options).service { port.yield($0) }
        server.serving.withLockedValue { $0 = service }
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: service)], logger: server.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let number = try #require(await iterator.next())
            server.listening.withLockedValue { $0 = number }
            do {
                try await body(server)
            } catch {
                await group.triggerGracefulShutdown()
                tasks.cancelAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            tasks.cancelAll()
        }
        server.client.shutdown()
        try server.store.close()
    }

    private init(_ options: Options) async throws {
        folder = NSTemporaryDirectory() + "pawl-server-" + UUID().uuidString
        spoolFolder = folder + "/spool"
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        self.logger = logger
        let clock = NIOLockedValueBox(options.startsAt)
        self.clock = clock
        let now: @Sendable () -> Timestamp = { clock.withLockedValue { $0 } }
        git = try GitFixture()
        vault = SecretVault(key: try SealingKey())
        let recorder = RecordingSender { _ in .init(200) }
        forges = ForgeConnections([
            ForgeConnection(name: "github", kind: .github, api: options.githubAPI ?? github, webHost: "forge.test"),
            ForgeConnection(name: "gitlab", kind: .gitlab, api: gitlab, webHost: "lab.test"),
            ForgeConnection(
                name: "git", kind: .git,
                api: try options.gitAPI ?? GitCallback(callback: nil, sender: recorder, now: now)),
        ])
        mirrors = try Mirrors(root: folder + "/mirrors")
        store = try await Store.open(StoreSettings(folder: folder + "/data", logger: logger), now: now())
        intake = Intake(
            store: store, forges: forges, planner: EventPlanner(forges: forges, mirrors: mirrors, now: now), now: now,
            logger: logger)
        for forge in ["github", "gitlab", "git"] where forge != "github" || options.githubAPI == nil {
            _ = try await store.addRepository(reference(on: forge), now: now())
        }
        try await addHook("main", of: "github", SignedRequest.githubSecret)
        try await addHook("signed", of: "gitlab", SignedRequest.signingToken)
        try await addHook("plain", of: "gitlab", SignedRequest.gitlabToken)
        try await addHook("main", of: "git", SignedRequest.gitSecret)
    }

    /// Adds a hook with a secret, bound to a repository.
    @discardableResult
    func addHook(_ name: String, of forge: String, _ secret: String, remoteID: Int64 = 7) async throws -> Hook {
        let sealed = try vault.sealHookSecret(Redacted(secret), forge: forge, hook: name)
        return try await store.addHook(
            forge: forge, name: name, sealedSecret: sealed, remoteIDs: [remoteID], now: now)
    }

    private func webServer(_ options: Options) throws -> WebServer {
        let environment = APIEnvironment(
            store: store, version: "9.9", temporaryFolder: folder, now: { self.now },
            seal: { _, _, _ in throw APIRefusal(.refused, "not in this test") },
            runPipeline: { _, _ in throw APIRefusal(.refused, "not in this test") },
            addRepository: { _, _ in throw APIRefusal(.refused, "not in this test") })
        var settings = WebServer.Settings(
            socket: try ListeningSocket(host: "127.0.0.1", port: 0), spoolFolder: spoolFolder,
            bodyLimit: options.bodyLimit,
            spoolLimit: options.spoolLimit)
        settings.deadlines = options.deadlines
        return WebServer(
            settings: settings, vault: vault, forges: forges, environment: environment,
            pages: try PageRoutes(environment, key: Array(repeating: 7, count: 32), baseURL: nil),
            runners: RunnerRoutes(store: store, assignments: assignments, terms: LeaseTerms(), now: { self.now }),
            logger: logger)
    }

    // MARK: Its clock and address

    var now: Timestamp { clock.withLockedValue { $0 } }

    /// Moves the clock.
    func advance(_ duration: Duration) { clock.withLockedValue { $0 = $0 + duration } }

    var port: Int { listening.withLockedValue { $0 } }

    /// What answers.
    var web: WebService { get throws { try #require(serving.withLockedValue { $0 }) } }

    /// The repository as a forge knows it.
    func reference(on forge: String) -> RepositoryReference {
        RepositoryReference(
            forge: forge, remoteID: 7, name: "ml/churn", cloneURL: git.bare, defaultBranch: "main")
    }

    func repository(on forge: String) async throws -> StoredRepository {
        try #require(try await store.repository(forge: forge, remoteID: 7))
    }

    // MARK: Asking

    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var json: JSONValue

        var error: String { json["error"]?.text ?? "" }
    }

    /// Sends a request and reads the answer.
    func send(_ request: SignedRequest) async throws -> Answer {
        let response = try await client.send(
            HTTPRequest(
                "POST", "http://127.0.0.1:\(port)" + request.path, headers: request.headers,
                body: .bytes(request.body), headerTimeout: .seconds(120)))
        let bytes = try await response.collect(upTo: 1 << 20)
        return Answer(
            status: response.status, headers: response.headers, json: (try? JSONValue(parsing: bytes)) ?? .null)
    }

    /// Sends what has to be taken, and gives the delivery as it is on disk.
    func deliver(_ request: SignedRequest) async throws -> Delivery {
        let answer = try await send(request)
        #expect(answer.status == 202, "\(answer.error)")
        let name = try #require(answer.json["delivery"]?.text)
        let id = try #require(Int64(name.dropFirst()))
        return try #require(try await store.delivery(DeliveryID(rawValue: id)))
    }

    /// Has the intake work on what is due, and gives a delivery as it then is.
    func work(on delivery: Delivery) async throws -> Delivery {
        while await intake.takeDue() == .progress {}
        return try #require(try await store.delivery(delivery.id))
    }

    /// Sends what has to be taken, and has the intake work on it.
    func intake(of request: SignedRequest) async throws -> Delivery { try await work(on: try await deliver(request)) }

    /// Everything about a pipeline.
    func pipeline(of delivery: Delivery) async throws -> PipelineDetail {
        let id = try #require(delivery.pipeline, "\(delivery.state): \(delivery.reason ?? "")")
        return try #require(try await store.pipeline(id))
    }
}
