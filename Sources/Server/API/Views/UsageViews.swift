import PipelineModel
import Store

/// What a repository used in a month.
public struct UsageView: Codable, Hashable, Sendable {
    /// The repository's path.
    public var repository: String
    /// The month, in UTC: attempts count where they ended.
    public var month: Month
    /// How many attempts ended, those that were lost or given back among them.
    public var attempts: Int
    /// What they used together.
    public var usage: AttemptUsage
    /// GPU-hours that it has had; of the running month with those under way.
    public var gpuHours: Double
    /// GPU-hours that it may have in a month; nil where nothing limits it.
    public var gpuHourBudget: Double?
    /// GPU-hours that somebody allows it beyond its budget in that month, and why.
    public var gpuHourOverride: RepositorySettings.GPUHourOverride?

    /// Shows a month of a repository.
    /// - Parameter standing: how it stands with its GPU time, for the running month; nil for another.
    public init(_ repository: StoredRepository, _ used: MonthlyUsage, standing: GPUBudget?) {
        self.repository = repository.reference.name
        month = used.month
        attempts = used.attempts
        usage = used.usage
        gpuHours = standing?.spent ?? used.usage.gpuHours
        gpuHourBudget = repository.settings.gpuHourBudget
        gpuHourOverride = repository.settings.gpuHourOverride.flatMap { $0.month == used.month ? $0 : nil }
    }
}

/// What repositories used in a month, by name.
public struct UsageListView: Codable, Hashable, Sendable {
    /// The month, in UTC.
    public var month: Month
    /// The repositories that were asked about: all, or one.
    public var repositories: [UsageView]

    /// Lists a month.
    public init(month: Month, repositories: [UsageView]) {
        self.month = month
        self.repositories = repositories
    }
}

/// Amounts of GPU time in words.
public enum GPUTime {
    /// Hours with two digits after the point, and one where they are a hundred or more: `0.81`, `132.5`, `80`.
    public static func text(ofHours hours: Double) -> String {
        if hours.rounded() == hours, abs(hours) < 1e15 { return String(Int64(hours)) }
        let scale = abs(hours) >= 100 ? 10.0 : 100.0
        let digits = Int64((abs(hours) * scale).rounded())
        let fraction = String(digits % Int64(scale))
        let zeros = String(repeating: "0", count: (scale == 10 ? 1 : 2) - fraction.count)
        return "\(hours < 0 ? "-" : "")\(digits / Int64(scale)).\(zeros)\(fraction)"
    }
}
