import GitRepositories
import PipelineModel
import Signing
import Store

/// Everything the API and the pages take from outside: the store, the clock, chance, and what other parts carry out.
///
/// A closure that refuses throws `APIRefusal` or `StoreError`; any other error is told as a fault of the server.
public struct APIEnvironment: Sendable {
    /// The truth about everything.
    public var store: Store
    /// The server's version.
    public var version: String
    /// The wall clock.
    public var now: @Sendable () -> Timestamp
    /// The text of a new token.
    public var makeToken: @Sendable () throws -> String
    /// Seals a repository's secret.
    public var seal: @Sendable (Redacted, SecretDescription, RepositoryID) throws -> [UInt8]
    /// Makes a pipeline that a person, named last, asks for.
    public var runPipeline: @Sendable (RunRequest, String) async throws -> PipelineID
    /// Runs a delivery's intake again for a person.
    public var replay: @Sendable (DeliveryID, String) async throws -> Void
    /// Adds a repository for a person, and proves that its webhook arrives.
    public var addRepository: @Sendable (RepositoryRequest, String) async throws -> RepositoryAdditionView
    /// Looks at the machine: data, engine, clock, backup.
    public var examine: @Sendable () async -> [CheckView]
    /// Signs what others are to check without Pawl; nil where there is no key.
    public var evidenceKey: Ed25519Key?
    /// Whether anybody hears the statuses of a forge of the settings. Of plain Git without a callback nobody does.
    public var isHeard: @Sendable (String) -> Bool
    /// The address that others reach the server under; nil where its settings do not say it.
    public var publicURL: String?
    /// The program that machines get that join; nil where none can.
    public var program: ServerProgram?
    /// How long a job waits that no runner of the pool can ever take.
    public var noRunnerTimeout: Duration
    /// How long a person who retries a job is kept waiting for the forge. It usually answers in less, and the person is
    /// told in well under a second.
    public var statusPatience = Duration.milliseconds(400)
    /// Copies of repositories, in which reports count what a change consists of; nil where there are none.
    public var mirrors: Mirrors?
    /// A folder for the copy that a backup streams; it is on the same machine and private.
    public var temporaryFolder: String

    /// Collects an environment. What is not given refuses with words, or is the real thing.
    public init(
        store: Store, version: String, temporaryFolder: String, now: @escaping @Sendable () -> Timestamp,
        makeToken: @escaping @Sendable () throws -> String = { try AccessToken.make() },
        seal: @escaping @Sendable (Redacted, SecretDescription, RepositoryID) throws -> [UInt8],
        runPipeline: @escaping @Sendable (RunRequest, String) async throws -> PipelineID,
        replay: (@Sendable (DeliveryID, String) async throws -> Void)? = nil,
        addRepository: @escaping @Sendable (RepositoryRequest, String) async throws -> RepositoryAdditionView,
        examine: @escaping @Sendable () async -> [CheckView] = { [] },
        isHeard: @escaping @Sendable (String) -> Bool = { _ in true }, publicURL: String? = nil,
        program: ServerProgram? = nil, noRunnerTimeout: Duration = .minutes(30)
    ) {
        self.store = store
        self.version = version
        self.temporaryFolder = temporaryFolder
        self.now = now
        self.makeToken = makeToken
        self.seal = seal
        self.runPipeline = runPipeline
        self.replay = replay ?? { try await store.replayDelivery($0, by: $1, now: now()) }
        self.addRepository = addRepository
        self.examine = examine
        self.isHeard = isHeard
        self.publicURL = publicURL
        self.program = program
        self.noRunnerTimeout = noRunnerTimeout
    }
}

extension AccessToken {
    /// What the store keeps of a token and finds it by: the bytes of its SHA-256.
    public static func storedHash(of token: String) throws(SigningError) -> [UInt8] {
        try SHA256Digest.of(Array(token.utf8))
    }
}
