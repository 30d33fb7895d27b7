import PipelineModel

/// What a person has set for one repository. A field that is missing in a stored value has its default.
public struct RepositorySettings: Hashable, Codable, Sendable {
    /// How many jobs of a pipeline get a status context of their own; nil for as many as the server's settings say.
    public var statusJobLimit: Int?
    /// Branches whose pipelines see protected secrets: names, with `*` for any run of characters.
    public var protectedBranches: [String]
    /// Tags whose pipelines see protected secrets: names, with `*` for any run of characters.
    public var protectedTags: [String]
    /// Whether pipelines are made at all.
    public var isEnabled: Bool
    /// Which of several repositories' jobs go first.
    public var priority: Priority
    /// How many of its jobs run at once; nil for as many as runners have room.
    public var jobLimit: Int?
    /// How many jobs of one pipeline run at once; nil for as many as runners have room.
    public var pipelineJobLimit: Int?
    /// How many GPU-hours it may use in a month (UTC); nil for as many as it likes.
    public var gpuHourBudget: Double?
    /// GPU-hours that somebody allows it beyond its budget in one month, for a reason that is on record.
    public var gpuHourOverride: GPUHourOverride?

    /// More GPU time than a month's budget.
    public struct GPUHourOverride: Hashable, Codable, Sendable {
        /// The month that it is for, in UTC.
        public var month: Month
        /// GPU-hours beyond the budget.
        public var hours: Double
        /// Why.
        public var reason: String
        /// Who allowed it.
        public var by: String

        /// Allows more.
        public init(month: Month, hours: Double, reason: String, by: String) {
            self.month = month
            self.hours = hours
            self.reason = reason
            self.by = by
        }
    }

    /// Which jobs go first. What a person waits for goes before all of them.
    public enum Priority: String, Codable, Sendable, CaseIterable {
        case high, normal, low

        /// Its place in the queue's order; 0 is for what a person waits for.
        var rank: Int {
            switch self {
            case .high: 1
            case .normal: 2
            case .low: 3
            }
        }
    }

    /// The defaults: the server's number of job contexts; the default branch alone counts as protected where no pattern
    /// is given.
    public init(
        statusJobLimit: Int? = nil, protectedBranches: [String] = [], protectedTags: [String] = [],
        isEnabled: Bool = true, priority: Priority = .normal, jobLimit: Int? = nil, pipelineJobLimit: Int? = nil,
        gpuHourBudget: Double? = nil
    ) {
        self.statusJobLimit = statusJobLimit
        self.protectedBranches = protectedBranches
        self.protectedTags = protectedTags
        self.isEnabled = isEnabled
        self.priority = priority
        self.jobLimit = jobLimit
        self.pipelineJobLimit = pipelineJobLimit
        self.gpuHourBudget = gpuHourBudget
    }

    /// Reads what is there and fills in the rest.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let defaults = RepositorySettings()
        statusJobLimit = try container.decodeIfPresent(Int.self, forKey: .statusJobLimit)
        protectedBranches =
            try container.decodeIfPresent([String].self, forKey: .protectedBranches) ?? defaults.protectedBranches
        protectedTags = try container.decodeIfPresent([String].self, forKey: .protectedTags) ?? defaults.protectedTags
        isEnabled = try container.decodeIfPresent(Bool.self, forKey: .isEnabled) ?? defaults.isEnabled
        priority = try container.decodeIfPresent(Priority.self, forKey: .priority) ?? defaults.priority
        jobLimit = try container.decodeIfPresent(Int.self, forKey: .jobLimit)
        pipelineJobLimit = try container.decodeIfPresent(Int.self, forKey: .pipelineJobLimit)
        gpuHourBudget = try container.decodeIfPresent(Double.self, forKey: .gpuHourBudget)
        gpuHourOverride = try container.decodeIfPresent(GPUHourOverride.self, forKey: .gpuHourOverride)
    }
}
