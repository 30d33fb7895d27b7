import PipelineModel
import Store

/// What a person's request changed.
public struct ChangeView: Codable, Hashable, Sendable {
    /// One job that changed.
    public struct Job: Codable, Hashable, Sendable {
        /// Its name.
        public var name: String
        /// What happens to it, in words.
        public var text: String

        /// Describes a change.
        public init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    /// The pipeline.
    public var pipeline: PipelineID
    /// What happened, in a sentence.
    public var text: String
    /// The jobs that changed, in the plan's order.
    public var jobs: [Job]

    /// Describes a change.
    public init(pipeline: PipelineID, text: String, jobs: [Job] = []) {
        self.pipeline = pipeline
        self.text = text
        self.jobs = jobs
    }
}

/// A webhook request as it is kept.
public struct DeliveryView: Codable, Hashable, Sendable {
    /// Its number, shown as `d1`.
    public var id: DeliveryID
    /// The forge's section in the settings.
    public var forge: String
    /// The forge's word for the event.
    public var event: String
    /// The forge's own name for it.
    public var key: String?
    /// The repository it speaks for, where Pawl knows it.
    public var repository: String?
    /// The body's size.
    public var size: ByteCount
    /// When it came.
    public var receivedAt: Timestamp
    /// Where it is.
    public var state: DeliveryState
    /// Why it is there, in words.
    public var reason: String?
    /// How often it was tried.
    public var tries: Int
    /// Before when it is not tried again.
    public var nextTryAt: Timestamp?
    /// What it became.
    public var pipeline: PipelineID?

    /// Shows a stored delivery.
    public init(_ delivery: Delivery, repository: String?) {
        id = delivery.id
        forge = delivery.forge
        event = delivery.event
        key = delivery.key
        self.repository = repository
        size = delivery.size
        receivedAt = delivery.receivedAt
        state = delivery.state
        reason = delivery.reason
        tries = delivery.tries
        nextTryAt = delivery.nextTryAt
        pipeline = delivery.pipeline
    }
}

/// Deliveries, newest first.
public struct DeliveryListView: Codable, Hashable, Sendable {
    /// The deliveries.
    public var deliveries: [DeliveryView]
}

/// A message owed to a forge.
public struct MessageView: Codable, Hashable, Sendable {
    /// Its number.
    public var id: MessageID
    /// The pipeline it tells of.
    public var pipeline: PipelineID
    /// The repository whose forge is owed.
    public var repository: String
    /// What the forge is told.
    public var status: CommitStatus
    /// Where it is.
    public var state: MessageState
    /// Whether anybody hears it. Statuses of plain Git without a callback go nowhere.
    public var isHeard: Bool
    /// How often it was tried.
    public var tries: Int
    /// Before when it is not tried, while it is owed.
    public var nextTryAt: Timestamp?
    /// Why the last try failed.
    public var lastError: String?
    /// When it was caused.
    public var createdAt: Timestamp
    /// When the forge took it, or it was given up.
    public var finishedAt: Timestamp?

    /// Shows a message, and whether its forge has anybody who hears it.
    public init(_ message: OwedMessage, isHeard: Bool) {
        id = message.id
        pipeline = message.pipeline
        repository = message.repository.name
        status = message.status
        state = message.state
        self.isHeard = isHeard
        tries = message.tries
        nextTryAt = message.state == .owed ? message.nextTryAt : nil
        lastError = message.lastError
        createdAt = message.createdAt
        finishedAt = message.finishedAt
    }
}

/// Messages, in the order of their causes.
public struct MessageListView: Codable, Hashable, Sendable {
    /// The messages.
    public var messages: [MessageView]
}

/// One thing that was looked at, by `doctor` or while a repository was added.
public struct CheckView: Codable, Hashable, Sendable {
    /// How it is.
    public enum Verdict: String, Codable, Sendable {
        /// As it should be.
        case good
        /// A person should look or decide.
        case attention
        /// It does not work.
        case bad
    }

    /// What was looked at: `data`, `engine`, `webhook`.
    public var about: String
    /// How it is.
    public var verdict: Verdict
    /// What was found, in words.
    public var text: String
    /// Commands that help.
    public var helps: [HelpView]

    /// Describes a finding.
    public init(_ about: String, _ verdict: Verdict, _ text: String, helps: [HelpView] = []) {
        self.about = about
        self.verdict = verdict
        self.text = text
        self.helps = helps
    }
}

/// What `doctor` found on the server.
public struct DoctorView: Codable, Hashable, Sendable {
    /// The server's version.
    public var version: String
    /// What was looked at.
    public var checks: [CheckView]
    /// How many repositories it works for.
    public var repositories: Int
    /// The server's clock.
    public var at: Timestamp
}

/// Which server answers.
public struct VersionView: Codable, Hashable, Sendable {
    /// The server's version.
    public var version: String
    /// The server's clock.
    public var at: Timestamp
}

/// Why a request was refused.
public struct ErrorView: Codable, Hashable, Sendable {
    /// The refusal.
    public struct Refusal: Codable, Hashable, Sendable {
        /// The kind of refusal, one of `APIRefusal.Code`.
        public var code: String
        /// What is wrong and what helps, on one line.
        public var message: String
    }

    /// The refusal.
    public var error: Refusal
}
