import FoundationEssentials
import Forges
import HTTPTransport
import Hummingbird
import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle

/// A forge on the loopback interface: real git over HTTP, signed webhooks, the API of GitHub or GitLab with its limits,
/// or the status callback of a plain-Git forge; and a record of all that it was told.
///
/// `start` → create repositories, accounts and tokens → work with it over HTTP → `stop`. Any task may use it at any
/// time. Requests are checked against the API's schemas where the conformance folder is there; one that does not
/// conform is refused and kept in the record.
public final class StubForge: Sendable {
    /// What a forge is started with.
    public struct Settings: Sendable {
        /// The port; 0 lets the system choose.
        public var port = 0
        /// Where the repositories are kept; nil for a folder that `stop` removes.
        public var folder: String?
        /// The secret of the status callback of a plain-Git forge; nil takes unsigned ones.
        public var callbackSecret: String?
        /// The file of the API's schemas; nil where requests cannot be checked.
        public var schemaFile: String?
        /// Whether a GitLab knows signing tokens, as servers do from 19.0 on.
        public var signsHooks = true
        /// How much the API takes.
        public var limits: StubLimits
        /// How long the receiver of a webhook may take, as on the real forges.
        public var webhookTimeout = Duration.seconds(10)

        /// A free port and a folder of its own, without schemas.
        public init(_ kind: ForgeKind) { limits = .usual(kind) }

        /// The same, with the schemas of the conformance folder where there is one.
        public static func checked(_ kind: ForgeKind) -> Settings {
            var settings = Settings(kind)
            settings.schemaFile = kind == .git ? nil : ConformanceFolder.path.map { "\($0)/forge-api/\(kind).json" }
            return settings
        }
    }

    /// Whose API it speaks.
    public let kind: ForgeKind
    /// Where the bare repositories are, `owner/name.git` each.
    public let folder: String

    let settings: Settings
    let schema: ForgeAPISchema?
    let client = HTTPClient(settings: HTTPClient.Settings(userAgent: "GitHub-Hookshot/stub"))
    let logger: Logger
    private let state: NIOLockedValueBox<ForgeState>
    private let waiters = NIOLockedValueBox<[UInt64: Waiter]>([:])
    private let running = NIOLockedValueBox<Running?>(nil)
    private let outbound = AsyncStream.makeStream(of: StubDelivery.self, bufferingPolicy: .bufferingOldest(10_000))

    private struct Waiter {
        var isReached: @Sendable (ForgeRecord) -> Bool
        var continuation: CheckedContinuation<ForgeRecord, any Error>
    }

    private struct Running {
        var port = 0
        var server: ServiceGroup
        var work: Task<Void, any Error>
    }

    private init(_ kind: ForgeKind, settings: Settings, logger: Logger) throws {
        self.kind = kind
        self.settings = settings
        self.logger = logger
        folder =
            settings.folder
            ?? FileManager.default.temporaryDirectory.appending(path: "stub-forge-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        schema = try settings.schemaFile.map { try ForgeAPISchema(contentsOf: $0) }
        state = NIOLockedValueBox(ForgeState(kind: kind))
        if schema == nil, kind != .git {
            logger.info("requests are not checked: no schemas", metadata: ["forge": "\(kind)"])
        }
    }

    /// Starts a forge, and returns when it listens.
    /// - Throws: when the port is taken or the schemas cannot be read.
    public static func start(
        _ kind: ForgeKind, settings: Settings? = nil, logger: Logger = Logger(label: "stub-forge")
    ) async throws -> StubForge {
        let forge = try StubForge(kind, settings: settings ?? .checked(kind), logger: logger)
        try await forge.listen()
        return forge
    }

    /// Lends a forge to a body and stops it afterwards, though the body throws.
    public static func lend<Result: Sendable>(
        _ kind: ForgeKind, settings: Settings? = nil, to body: (StubForge) async throws -> Result
    ) async throws -> Result {
        let forge = try await start(kind, settings: settings)
        do {
            let result = try await body(forge)
            await forge.stop()
            return result
        } catch {
            await forge.stop()
            throw error
        }
    }

    /// Its address, such as `http://127.0.0.1:40123`.
    public var url: String { "http://127.0.0.1:\(running.withLockedValue { $0?.port ?? 0 })" }

    /// Ends every request and delivery, and removes the repositories when the folder is the forge's own. May be
    /// called twice.
    public func stop() async {
        let running = running.withLockedValue(\.self)
        // A server that is cancelled drops connections that it accepted and nobody serves yet, which ends the process.
        await running?.server.triggerGracefulShutdown()
        try? await running?.work.value
        outbound.continuation.finish()
        client.shutdown()
        let left = waiters.withLockedValue { waiters in
            defer { waiters = [:] }
            return Array(waiters.values)
        }
        for waiter in left { waiter.continuation.resume(throwing: CancellationError()) }
        if settings.folder == nil { try? FileManager.default.removeItem(atPath: folder) }
    }

    /// Waits until the forge ends: for a process that is nothing else.
    public func wait() async throws { try await running.withLockedValue { $0?.work }?.value }

    private func listen() async throws {
        let (ports, report) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingOldest(1))
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
                await self.respond(to: request)
            },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: settings.port)),
            onServerRunning: { report.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "stub-forge.http") { _ in SwiftLogNoOpLogHandler() })
        var configuration = ServiceGroupConfiguration(services: [application], logger: application.logger)
        // Requests that hang, as in an outage that a test makes, are cut off then.
        configuration.maximumGracefulShutdownDuration = .seconds(2)
        let server = ServiceGroup(configuration: configuration)
        let work = Task {
            defer { report.finish() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for await delivery in self.outbound.stream { await self.send(delivery) } }
                defer { group.cancelAll() }
                try await server.run()
            }
        }
        running.withLockedValue { $0 = Running(server: server, work: work) }
        for await port in ports {
            running.withLockedValue { $0?.port = port }
            return
        }
        try await work.value
        throw StubForgeError("The forge ended before it listened.")
    }

    // MARK: State

    /// Reads the state.
    func read<Result>(_ body: (ForgeState) throws -> Result) rethrows -> Result {
        try state.withLockedValue { try body($0) }
    }

    /// Changes the state and wakes who waited for what it now records.
    func change<Result>(_ body: (inout ForgeState) throws -> Result) rethrows -> Result {
        let (result, record) = try state.withLockedValue { state in
            let result = try body(&state)
            return (result, state.record)
        }
        let reached = waiters.withLockedValue { waiters in
            let reached = waiters.filter { $0.value.isReached(record) }
            for id in reached.keys { waiters[id] = nil }
            return reached.values.map(\.continuation)
        }
        for continuation in reached { continuation.resume(returning: record) }
        return result
    }

    /// What the forge was told, in the order in which it came.
    public var record: ForgeRecord { read(\.record) }

    /// Waits until the record fulfils a condition, and returns it as it then was.
    /// - Throws: `CancellationError` when the task is cancelled or the forge stopped first.
    public func record(when isReached: @escaping @Sendable (ForgeRecord) -> Bool) async throws -> ForgeRecord {
        let id = UInt64.random(in: .min ... .max)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiters.withLockedValue { $0[id] = Waiter(isReached: isReached, continuation: continuation) }
                if Task.isCancelled { self.dismiss(id) }
                // What is asked for may have come already.
                change { _ in }
            }
        } onCancel: {
            dismiss(id)
        }
    }

    private func dismiss(_ id: UInt64) {
        waiters.withLockedValue { $0.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
    }

    /// Puts a webhook in line. They are sent one after the other.
    func enqueue(_ delivery: StubDelivery) { outbound.continuation.yield(delivery) }
}

/// Why the stub could not do what a test asked for.
public struct StubForgeError: Error, CustomStringConvertible {
    /// What went wrong.
    public let description: String

    init(_ description: String) { self.description = description }
}
