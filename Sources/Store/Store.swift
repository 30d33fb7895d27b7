import Logging
import NIOConcurrencyHelpers
import PipelineModel

/// What a store is opened with.
public struct StoreSettings: Sendable {
    /// The folder for the database, logs and artifacts. Made when it is not there, readable to its owner alone.
    public var folder: String
    /// The page of a pipeline, for the statuses that tell of it; nil where the server has no address others reach.
    public var pipelineURL: @Sendable (PipelineID) -> String?
    /// How many jobs of a pipeline get a status context of their own, where a repository's settings do not say.
    public var statusJobLimit: Int
    /// What time on machines costs; nil where nobody says.
    public var tariff: Tariff?
    /// What to do at fault points.
    public var faults: FaultInjector
    /// Where to say what went wrong beside a call, such as in a sweep.
    public var logger: Logger

    /// Names a folder; the rest has defaults that suit one that nobody else reaches.
    public init(
        folder: String, pipelineURL: @escaping @Sendable (PipelineID) -> String? = { _ in nil },
        statusJobLimit: Int = 30, tariff: Tariff? = nil, faults: FaultInjector = .none,
        logger: Logger = Logger(label: "pawl.store")
    ) {
        self.folder = folder
        self.pipelineURL = pipelineURL
        self.statusJobLimit = statusJobLimit
        self.tariff = tariff
        self.faults = faults
        self.logger = logger
    }
}

/// The truth about deliveries, pipelines, jobs, leases, logs, artifacts and what forges are owed.
///
/// One process has a data folder at a time. Every call may be made from any task; each is one transaction, on disk when
/// it returns, with the owed statuses it causes in it. A caller's cancellation does not reach into a call: what has
/// begun is finished. Errors are `StoreError`s. Signals wake those who wait for work; they may be lost, so whoever waits
/// also looks now and then.
public final class Store: Sendable {
    let settings: StoreSettings
    let database: SQLiteDatabase
    let deliveryWriter: DeliveryWriter
    let logs: LogFolder
    let blobs: BlobFolder
    let uploads: UploadFolder
    let needs = NeedsCache()
    private let lock: FolderLock

    /// Given when a delivery was stored, or is to be tried again.
    public let deliveryArrived = Signal()
    /// Given when a repository was added.
    public let repositoryAdded = Signal()
    /// Given when jobs have become ready.
    public let readyJobs = Signal()
    /// Given when jobs may be there that an earlier attempt proves.
    public let provingReady = Signal()
    /// Given when metrics may be there to judge.
    public let judgingReady = Signal()
    /// Given when forges are owed messages.
    public let outboxReady = Signal()
    /// Given when anything about a pipeline, a job or an attempt has changed.
    public let pipelineChanged = Signal()

    /// Opens the data folder, makes what is missing, and takes the schema to this version.
    /// - Throws: `StoreError`: `inUse` where another process has the folder, `newerSchema`, `corrupt`, `unavailable`.
    public static func open(_ settings: StoreSettings, now: Timestamp) async throws -> Store {
        try makeFolder(settings.folder)
        let lock = try FolderLock(folder: settings.folder)
        let database = try SQLiteDatabase(path: settings.folder + "/pawl.sqlite")
        try await Migration.migrate(database, now: now)
        return Store(
            settings: settings, database: database, lock: lock,
            logs: try LogFolder(path: settings.folder + "/logs"),
            blobs: try BlobFolder(path: settings.folder + "/blobs"),
            uploads: try UploadFolder(path: settings.folder + "/uploads"))
    }

    private init(
        settings: StoreSettings, database: SQLiteDatabase, lock: FolderLock, logs: LogFolder, blobs: BlobFolder,
        uploads: UploadFolder
    ) {
        self.settings = settings
        self.database = database
        self.lock = lock
        self.logs = logs
        self.blobs = blobs
        self.uploads = uploads
        deliveryWriter = DeliveryWriter(database: database)
    }

    /// Closes the database and lets the folder go. Nothing may be called afterwards.
    public func close() throws {
        defer { lock.release() }
        try database.close()
    }

    /// Runs a transaction that changes pipelines, and gives the signals it calls for once it is on disk.
    func change<Result: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection, inout Consequences) throws -> Result
    ) async throws -> Result {
        let (result, consequences) = try await database.write { connection in
            var consequences = Consequences()
            return (try body(connection, &consequences), consequences)
        }
        if consequences.readiesJobs { readyJobs.give() }
        if consequences.readiesProving { provingReady.give() }
        if consequences.readiesJudging { judgingReady.give() }
        if consequences.owesMessages { outboxReady.give() }
        if consequences.changesPipelines { pipelineChanged.give() }
        return result
    }
}

/// Whom a transaction gives something to do.
struct Consequences: Sendable {
    /// Whether a job has become ready, at once or later.
    var readiesJobs = false
    /// Whether jobs may be there that an earlier attempt proves.
    var readiesProving = false
    /// Whether metrics may be there to judge.
    var readiesJudging = false
    /// Whether a forge is owed something new.
    var owesMessages = false
    /// Whether there is anything to see for those who watch pipelines.
    var changesPipelines = true
}
