import PipelineModel
import Store

/// A runner of the pool.
public struct RunnerView: Codable, Hashable, Sendable {
    /// What it is doing, as far as the server knows.
    public enum State: String, Codable, Sendable, CaseIterable {
        /// It waits for jobs.
        case idle
        /// It has jobs.
        case running
        /// A person has stopped it from taking jobs for a while.
        case paused
        /// It takes no more jobs, and ends when it has none.
        case draining
        /// Nothing has been heard of it for a while.
        case away
    }

    /// Pawl's number for it.
    public var id: RunnerID
    /// Its name.
    public var name: String
    /// What it is doing.
    public var state: State
    /// Since when nothing has been heard of it, where that is so.
    public var awaySince: Timestamp?
    /// Whether it is the one inside the server.
    public var isEmbedded: Bool
    /// Whether it takes one job and goes.
    public var isEphemeral: Bool
    /// What jobs may ask for by `tags`.
    public var tags: [String]
    /// How many jobs it carries out at once.
    public var slots: Int
    /// The repositories it serves; none for all of them.
    public var repositories: [String]
    /// Whether it serves protected branches and tags alone.
    public var protectedOnly: Bool
    /// Whether it serves commits of forks.
    public var forks: Bool
    /// Its version of Pawl.
    public var version: String?
    /// The engine that starts its containers.
    public var engine: String?
    /// How many CPUs its machine has.
    public var cpus: Double?
    /// Its machine's memory.
    public var memory: ByteCount?
    /// Its GPUs, in the machine's order.
    public var gpus: [RunnerGPUView]
    /// Names of the data folders it offers.
    public var data: [String]
    /// The jobs it has now.
    public var running: [RunningJobView]
    /// When it joined.
    public var joinedAt: Timestamp
    /// When it was last heard of, to some seconds.
    public var seenAt: Timestamp?
}

/// A GPU of a runner.
public struct RunnerGPUView: Codable, Hashable, Sendable {
    /// Whether a job can have it.
    public enum State: String, Codable, Sendable, CaseIterable {
        /// It can.
        case free
        /// A job has it.
        case busy
        /// A process that is not Pawl's holds it, or its driver does not answer.
        case foreign
        /// It failed, and waits for `pawl runner check`.
        case setAside = "set_aside"
    }

    /// The device's own name.
    public var uuid: String
    /// Its place on the machine, from 0.
    public var index: Int
    /// The model.
    public var model: String
    /// Its memory.
    public var memory: ByteCount
    /// The driver's version.
    public var driver: String
    /// Whether a job can have it.
    public var state: State
    /// Why a job cannot have it, in words.
    public var reason: String?
    /// Since when it is set aside.
    public var since: Timestamp?
    /// The job that has it, such as `128/train`.
    public var job: String?
}

/// A job that a runner has in hand.
public struct RunningJobView: Codable, Hashable, Sendable {
    /// The pipeline.
    public var pipeline: PipelineID
    /// The job's name.
    public var job: String
    /// Since when the runner has it.
    public var since: Timestamp
    /// Which of its GPUs the job has, by their places.
    public var gpus: [Int]
}

extension RunnerView {
    /// Shows a stored runner with what it has in hand.
    /// - Parameter repositories: names by number.
    init(_ runner: StoredRunner, live: [LiveAttempt], repositories: [RepositoryID: String], now: Timestamp) {
        let scope = runner.offer.scope
        let inventory = runner.offer.inventory
        // The one inside the server is there for as long as the server answers.
        awaySince = runner.isEmbedded ? nil : runner.awaySince(now: now)
        state =
            switch runner.standing {
            case .draining: .draining
            case _ where awaySince != nil: .away
            case .paused: .paused
            default: live.isEmpty ? .idle : .running
            }
        id = runner.id
        name = runner.name
        isEmbedded = runner.isEmbedded
        isEphemeral = runner.isEphemeral
        tags = runner.offer.tags
        slots = runner.offer.slots
        self.repositories = scope.repositories.map { repositories[$0] ?? "repository \($0)" }.sorted()
        protectedOnly = scope.protectedOnly
        forks = scope.forks && !scope.protectedOnly
        version = runner.version
        engine = inventory.engine
        cpus = inventory.cpus
        memory = inventory.memory
        data = inventory.data
        let holders = Dictionary(
            live.map { ($0.key.attempt, "\($0.pipeline)/\($0.job)") }, uniquingKeysWith: { first, _ in first })
        gpus = runner.gpus.map { RunnerGPUView($0, job: $0.attempt.flatMap { holders[$0] }) }
        running = live.map {
            RunningJobView(pipeline: $0.pipeline, job: $0.job, since: $0.since, gpus: $0.gpus.map(\.index).sorted())
        }
        joinedAt = runner.joinedAt
        seenAt = runner.seenAt
    }
}

extension RunnerGPUView {
    /// Shows a stored device.
    init(_ stored: StoredGPU, job: String?) {
        let gpu = stored.gpu
        uuid = gpu.uuid
        index = gpu.index
        model = gpu.model
        memory = gpu.memory
        driver = gpu.driver
        self.job = job
        since = stored.setAsideAt
        reason = stored.setAside
        if stored.setAside != nil {
            state = .setAside
        } else if stored.attempt != nil {
            state = .busy
        } else {
            switch gpu.condition {
            case .usable: state = .free
            case .foreign(let words), .failed(let words):
                state = .foreign
                reason = words
            }
        }
    }
}

/// The runners of the pool.
public struct RunnerListView: Codable, Hashable, Sendable {
    /// The runners, by name.
    public var runners: [RunnerView]
}

/// What to change about a runner. What is nil stays.
public struct RunnerChange: Codable, Hashable, Sendable {
    /// What jobs may ask for by `tags`.
    public var tags: [String]?
    /// How many jobs it carries out at once.
    public var slots: Int?
    /// The repositories it serves; an empty list for all of them.
    public var repositories: [String]?
    /// Whether it serves protected branches and tags alone.
    public var protectedOnly: Bool?
    /// Whether it serves commits of forks.
    public var forks: Bool?
    /// Whether it takes no jobs for a while.
    public var isPaused: Bool?
    /// Whether it takes no more jobs, and ends when it has none.
    public var isDraining: Bool?

    /// Changes nothing.
    public init() {}
}

/// GPUs that were checked.
public struct RunnerCheckView: Codable, Hashable, Sendable {
    /// The runner's name.
    public var runner: String
    /// The devices that were set aside before, as they are now.
    public var gpus: [RunnerGPUView]
}

/// A token to make that machines join the pool with.
public struct JoinTokenRequest: Codable, Hashable, Sendable {
    /// What jobs may ask for by `tags` of the runners that join with it.
    public var tags: [String]
    /// How many jobs each carries out at once; nil for as many as it says itself.
    public var slots: Int?
    /// The repositories they serve; none for all of them.
    public var repositories: [String]
    /// Whether they serve protected branches and tags alone.
    public var protectedOnly: Bool
    /// Whether they serve commits of forks.
    public var forks: Bool
    /// Whether each takes one job and goes.
    public var isEphemeral: Bool
    /// For how many seconds machines may join with it.
    public var seconds: Int

    /// Asks for a token.
    public init(
        tags: [String] = [], slots: Int? = nil, repositories: [String] = [], protectedOnly: Bool = false,
        forks: Bool = true, isEphemeral: Bool = false, seconds: Int = 3_600
    ) {
        self.tags = tags
        self.slots = slots
        self.repositories = repositories
        self.protectedOnly = protectedOnly
        self.forks = forks
        self.isEphemeral = isEphemeral
        self.seconds = seconds
    }
}

/// A token that machines join with. Its text is never shown again.
public struct JoinTokenView: Codable, Hashable, Sendable {
    /// The token's text: random, then the SHA-256 of the server's own program.
    public var token: String
    /// The address that runners reach the server under, where its settings say it.
    public var server: String?
    /// Until when machines may join with it.
    public var expiresAt: Timestamp
}
