/// What `pawl show --json` prints, as far as scenarios look at it.
struct ShownPipeline: Decodable, Sendable {
    struct Pipeline: Decodable, Sendable {
        var id: Int64
        var state: String
        var commit: String
        var reason: String?
        var isFork: Bool
        var isProtected: Bool
    }

    struct Job: Decodable, Sendable {
        var name: String
        var state: String
        var failure: Failure?
        var attempts: [Attempt]
    }

    struct Failure: Decodable, Sendable {
        var `class`: String
        var message: String
        var isOurs: Bool
    }

    struct Attempt: Decodable, Sendable {
        var number: Int
        var state: String
        var failure: Failure?
        var resumedFrom: Int?
        var usage: Usage?
    }

    struct Usage: Decodable, Sendable {
        var cpuMs: Int64?
        var peakMemory: Int64?
        var uploaded: Int64
    }

    var pipeline: Pipeline
    var jobs: [Job]

    /// The job of that name.
    func job(_ name: String) throws -> Job {
        guard let job = jobs.first(where: { $0.name == name }) else { throw SiteError("there is no job \(name)") }
        return job
    }
}

/// What `pawl list --json` prints.
struct ShownList: Decodable, Sendable {
    var pipelines: [ShownPipeline.Pipeline]
}

/// What `pawl outbox --json` prints.
struct ShownOutbox: Decodable, Sendable {
    struct Message: Decodable, Sendable {
        struct Status: Decodable, Sendable {
            var context: String
            var state: String
            var text: String
        }

        var status: Status
        var state: String
        var tries: Int
        var lastError: String?
    }

    var messages: [Message]
}

/// What `pawl deliveries --json` prints.
struct ShownDeliveries: Decodable, Sendable {
    struct Delivery: Decodable, Sendable {
        var id: Int64
        var event: String
        var state: String
        var reason: String?
        var pipeline: Int64?
    }

    var deliveries: [Delivery]
}

/// What `pawl repo add --json` and `pawl doctor --json` print.
struct ShownChecks: Decodable, Sendable {
    struct Check: Decodable, Sendable {
        var about: String
        var verdict: String
        var text: String
    }

    var checks: [Check]

    /// The finding about something.
    func check(_ about: String) throws -> Check {
        guard let check = checks.first(where: { $0.about == about }) else { throw SiteError("no check of \(about)") }
        return check
    }
}
