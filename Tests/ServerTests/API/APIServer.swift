import Foundation
import HTTPTransport
import Logging
import NIOConcurrencyHelpers
import PipelineModel
import Server
import ServiceLifecycle
import Signing
import Store
import Testing

/// A moment some seconds after a fixed one.
func apiMoment(_ seconds: Double) -> Timestamp { Timestamp(milliseconds: 1_800_000_000_000 + Int64(seconds * 1_000)) }

/// The API and the pages over a real store, on a port of their own, with a clock that a test sets.
final class APIServer: Sendable {
    let store: Store
    let repository: StoredRepository
    let address: String
    let links: PipelineLinks
    let sealed: NIOLockedValueBox<[String]>
    private let tokens: [TokenScope: String]
    private let client = HTTPClient()

    /// Serves for as long as the closure runs, and leaves nothing behind.
    /// - Parameters:
    ///   - isHeard: whether anybody hears the statuses of its forge.
    ///   - statusPatience: how long who retries is kept waiting for the forge.
    ///   - change: changes where it listens, and what it takes.
    static func serve(
        isHeard: Bool = true, statusPatience: Duration = .milliseconds(10),
        change: (inout WebServer.Settings) -> Void = { _ in },
        _ body: @escaping @Sendable (APIServer) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "pawl-api-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let store = try await Store.open(StoreSettings(folder: folder, logger: logger), now: apiMoment(0))
        let repository = try await store.addRepository(churn, now: apiMoment(0))
        var tokens: [TokenScope: String] = [:]
        for scope in TokenScope.allCases {
            let text = try AccessToken.make()
            tokens[scope] = text
            _ = try await store.addToken(
                name: scope.rawValue, hash: AccessToken.storedHash(of: text), scope: scope, now: apiMoment(0))
        }
        _ = try await store.enterEmbeddedRunner(name: "local", tags: ["cpu"], slots: 2, now: apiMoment(0))
        let sealed = NIOLockedValueBox<[String]>([])
        let clockBox = NIOLockedValueBox(apiMoment(100))
        var environment = APIEnvironment(
            store: store, version: "9.9", temporaryFolder: folder, now: { clockBox.withLockedValue { $0 } },
            seal: { value, _, _ in
                sealed.withLockedValue { $0.append(value.revealed) }
                return Array("sealed".utf8)
            },
            runPipeline: { request, _ in
                throw APIRefusal(.refused, "no pipeline for \(request.repository) here.  pawl list")
            },
            addRepository: { _, _ in throw APIRefusal(.refused, "not in this test") },
            isHeard: { _ in isHeard }, publicURL: "https://pawl.example.com",
            program: try ServerProgram(path: "/bin/true"))
        environment.statusPatience = statusPatience
        let key = [UInt8](repeating: 7, count: 32)
        let links = try PipelineLinks(
            key: key, baseURL: "https://pawl.example.com", now: { clockBox.withLockedValue { $0 } })
        let (ports, port) = AsyncStream<Int>.makeStream()
        var settings = WebServer.Settings(
            socket: try ListeningSocket(host: "127.0.0.1", port: 0), spoolFolder: folder + "/spool")
        change(&settings)
        let web = WebServer(
            settings: settings,
            vault: SecretVault(key: try SealingKey()), forges: ForgeConnections([]), environment: environment,
            pages: try PageRoutes(environment, key: key, baseURL: "https://pawl.example.com"), logger: logger)
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: try web.service { port.yield($0) })], logger: logger))
        let serving = Task { try await group.run() }
        var iterator = ports.makeAsyncIterator()
        let number = try #require(await iterator.next())
        let server = APIServer(
            store: store, repository: repository,
            address: "\(settings.certificate == nil ? "http" : "https")://127.0.0.1:\(number)", links: links,
            tokens: tokens,
            clock: clockBox, sealed: sealed, group: group, serving: serving)
        do {
            try await body(server)
        } catch {
            serving.cancel()
            throw error
        }
        server.client.shutdown()
        serving.cancel()
        _ = await serving.result
        try store.close()
    }

    private init(
        store: Store, repository: StoredRepository, address: String, links: PipelineLinks,
        tokens: [TokenScope: String], clock: NIOLockedValueBox<Timestamp>, sealed: NIOLockedValueBox<[String]>,
        group: ServiceGroup, serving: Task<Void, any Error>
    ) {
        self.store = store
        self.repository = repository
        self.address = address
        self.links = links
        self.tokens = tokens
        self.group = group
        self.serving = serving
        self.sealed = sealed
        clockSource = clock
    }

    private let clockSource: NIOLockedValueBox<Timestamp>
    private let group: ServiceGroup
    private let serving: Task<Void, any Error>

    /// Asks the server to stop, as SIGTERM does, and returns when it has.
    func stop() async throws {
        await group.triggerGracefulShutdown()
        try await serving.value
    }

    /// The server's clock.
    var now: Timestamp { clockSource.withLockedValue { $0 } }

    /// Sets the server's clock.
    func set(_ now: Timestamp) { clockSource.withLockedValue { $0 = now } }

    static let churn = RepositoryReference(
        forge: "github", remoteID: 7, name: "ml/churn", cloneURL: "https://git.example.com/ml/churn.git",
        defaultBranch: "main")

    // MARK: - Asking

    /// An answer that was read whole.
    struct Answer {
        var status: Int
        var headers: HTTPHeaders
        var text: String

        func decode<View: Decodable>(_ type: View.Type = View.self) throws -> View {
            try JSONDecoder().decode(View.self, from: Data(text.utf8))
        }
    }

    func token(_ scope: TokenScope) -> String { tokens[scope] ?? "" }

    /// Sends a request, by default with a token that may everything.
    func ask(
        _ method: String, _ path: String, as scope: TokenScope? = .admin, token: String? = nil, body: String? = nil,
        headers: [(name: String, value: String)] = []
    ) async throws -> Answer {
        var headers = headers
        if let text = token ?? scope.map({ self.token($0) }) { headers.append(("Authorization", "Bearer \(text)")) }
        let response = try await client.send(
            HTTPTransport.HTTPRequest(
                method, address + path, headers: headers, body: body.map { .bytes(Array($0.utf8)) } ?? .none))
        let bytes = try await response.collect(upTo: 64 << 20)
        return Answer(
            status: response.status, headers: response.headers, text: String(decoding: bytes, as: UTF8.self))
    }

    /// Opens an answer that goes on.
    func open(
        _ path: String, as scope: TokenScope? = .read, headers: [(name: String, value: String)] = []
    ) async throws -> HTTPTransport.HTTPResponse {
        let authorization = scope.map { [(name: "Authorization", value: "Bearer \(token($0))")] } ?? []
        return try await client.send(
            HTTPTransport.HTTPRequest("GET", address + path, headers: headers + authorization, idleTimeout: nil))
    }

    // MARK: - Things to ask about

    /// Makes a pipeline.
    func pipeline(
        _ plan: Plan, isHeld: Bool = false, title: String = "Halve the warm-up", branch: String = "main"
    ) async throws -> PipelineID {
        var new = NewPipeline(
            repository: repository.id, source: isHeld ? .pullRequest : .push, ref: "refs/heads/\(branch)",
            commit: "7fd1a60aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            trust: PipelineTrust(isProtected: !isHeld, isFork: isHeld), planning: .planned(plan))
        new.isHeld = isHeld
        new.title = title
        new.author = "mira"
        let creation = try await store.createPipeline(new, finishing: nil, now: apiMoment(1))
        guard case .created(let id) = creation else { throw APIRefusal(.fault, "not created") }
        return id
    }

    /// Hands out the next job and starts it.
    func start(now: Timestamp = apiMoment(2)) async throws -> LeaseKey {
        let runner = try await store.enterEmbeddedRunner(name: "local", tags: ["cpu"], slots: 2, now: now)
        let claim = try #require(try await store.claim(by: runner, leaseFor: .seconds(60), now: now))
        _ = try await store.acknowledge(claim.key, now: now)
        return claim.key
    }

    /// Ends an attempt.
    func end(
        _ key: LeaseKey, failing failure: Failure? = nil, findings: Findings? = nil, now: Timestamp = apiMoment(12)
    ) async throws {
        try await store.complete(
            key,
            with: AttemptResult(
                failure: failure, exitCode: failure?.exitCode ?? 0, summary: "14 passed", startedAt: apiMoment(2),
                finishedAt: now, findings: findings), now: now)
    }
}

/// A plan of jobs in stages of their own.
func stagedPlan(_ names: String..., adjust: (inout PlannedJob) -> Void = { _ in }) -> Plan {
    let jobs = names.map { name in
        var job = PlannedJob(name: name, stage: name, script: ["true"])
        adjust(&job)
        return job
    }
    return Plan(stages: names, jobs: jobs)
}
