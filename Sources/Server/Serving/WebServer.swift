import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import PipelineModel
import ServiceLifecycle
import Store

/// What answers HTTP: webhooks, the API and the pages, on one address.
public struct WebServer: Sendable {
    /// Where it listens, and what it takes.
    public struct Settings: Sendable {
        /// What it takes connections from.
        public var socket: ListeningSocket
        /// The folder that unverified bodies are spooled in.
        public var spoolFolder: String
        /// The longest body of a webhook. GitHub and GitLab send at most 25 MiB.
        public var bodyLimit: Int
        /// All unverified bodies together.
        public var spoolLimit: Int
        /// How long the parts of a request may take.
        public var deadlines = Deadlines()
        /// What it shows of itself over TLS; nil where it speaks plainly, as behind a proxy.
        public var certificate: ServedCertificate?
        /// The proxies whose word is believed about who a request came from.
        public var proxies = TrustedProxies.none

        /// Listens with the limits of the big forges.
        public init(
            socket: ListeningSocket, spoolFolder: String, bodyLimit: Int = 25 << 20, spoolLimit: Int = 512 << 20
        ) {
            self.socket = socket
            self.spoolFolder = spoolFolder
            self.bodyLimit = bodyLimit
            self.spoolLimit = spoolLimit
        }
    }

    /// How long the parts of a request may take, however steadily they come in.
    public struct Deadlines: Sendable {
        /// From the start of the connection to the end of the first request's headers.
        public var headers = Duration.seconds(15)
        /// From the headers to the end of the body: 25 MiB at 4 Mbit/s.
        public var body = Duration.seconds(60)
        /// From an answer to the end of the next request's headers.
        public var keepAlive = Duration.seconds(75)
        /// From the moment when the server stops to the first request of a connection that was taken before.
        public var firstRequest = Duration.seconds(2)

        /// Times that suit forges.
        public init() {}
    }

    private let settings: Settings
    private let hooks: HookDirectory
    private let environment: APIEnvironment
    private let pages: PageRoutes
    private let runners: RunnerRoutes?
    private let logger: Logger

    /// Puts the parts together.
    /// - Parameter runners: answers runners on other machines; nil where there is no pool.
    public init(
        settings: Settings, vault: SecretVault, forges: ForgeConnections, environment: APIEnvironment,
        pages: PageRoutes, runners: RunnerRoutes? = nil, logger: Logger
    ) {
        self.settings = settings
        hooks = HookDirectory(store: environment.store, vault: vault, forges: forges)
        self.environment = environment
        self.pages = pages
        self.runners = runners
        self.logger = logger
    }

    /// The service that listens.
    /// - Parameter onListening: called with the port once connections are taken.
    public func service(onListening: @escaping @Sendable (Int) async -> Void = { _ in }) throws -> WebService {
        let router = Router(context: ServerRequestContext.self)
        router.add(middleware: ClientAddressMiddleware(proxies: settings.proxies))
        HookRoute(
            store: environment.store, hooks: hooks,
            spool: try BodySpool(
                folder: settings.spoolFolder, bodyLimit: settings.bodyLimit, totalLimit: settings.spoolLimit),
            now: environment.now
        ).add(to: router)
        APIRoutes(environment).add(to: router)
        runners?.add(to: router)
        if let runners, let program = environment.program {
            JoinRoutes(program: program, gate: runners.gate, publicURL: environment.publicURL).add(to: router)
        }
        pages.add(to: router)
        let answerer = RequestAnswerer(responder: router.buildResponder(), logger: logger)
        return WebService(try listener(answerer, onListening), on: settings.socket, logger: logger)
    }

    private func listener(
        _ answerer: RequestAnswerer, _ onListening: @escaping @Sendable (Int) async -> Void
    ) throws -> any Service {
        let deadlines = settings.deadlines
        let plain = HTTP1Channel(
            responder: { try await answerer.answer($0, with: $1, on: $2) },
            configuration: .init(
                additionalChannelHandlers: [
                    ReadBound(), FirstRequestGrace(deadlines.firstRequest), RequestDeadlines(deadlines),
                ]))
        guard let certificate = settings.certificate else {
            return WebListener(socket: settings.socket, connection: plain, logger: logger, onListening: onListening)
        }
        let secured = try TLSChannel(plain, tlsConfiguration: certificate.configuration())
        return WebListener(socket: settings.socket, connection: secured, logger: logger, onListening: onListening)
    }
}
