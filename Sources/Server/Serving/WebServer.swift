import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import PipelineModel
import ServiceLifecycle
import Store

/// What answers HTTP: webhooks, the API and the pages, on one address.
public struct WebServer: Sendable {
    /// Where it listens, and what it takes.
    public struct Settings: Sendable {
        /// The host or address.
        public var host: String
        /// The port; 0 takes a free one.
        public var port: Int
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
            host: String, port: Int, spoolFolder: String, bodyLimit: Int = 25 << 20, spoolLimit: Int = 512 << 20
        ) {
            self.host = host
            self.port = port
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
    public func service(onListening: @escaping @Sendable (Int) async -> Void = { _ in }) throws -> any Service {
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
        let deadlines = settings.deadlines
        let plain = HTTPServerBuilder.http1(
            configuration: .init(additionalChannelHandlers: [ReadBound(), RequestDeadlines(deadlines)]))
        return Application(
            router: router,
            server: try settings.certificate.map { try .tls(plain, tlsConfiguration: $0.configuration()) } ?? plain,
            configuration: .init(address: .hostname(settings.host, port: settings.port), serverName: "pawl"),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
    }
}

/// What a route knows of a request besides the request: who sent it.
struct ServerRequestContext: RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    var remoteAddress: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}
