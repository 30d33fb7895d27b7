/// What a gate answers for one commit: the answer, and everything it was reckoned from, so that anyone can reckon it again.
public struct Verdict: Hashable, Codable, Sendable {
    /// The answer, from the best to the worst.
    public enum Answer: String, Codable, Sendable, CaseIterable {
        /// Surely better than the baseline, and nothing else is worse.
        case better
        /// Surely no worse than the gate allows.
        case noWorse = "no_worse"
        /// There is nothing to compare with, and every limit holds.
        case withinLimits = "within_limits"
        /// It may be worse than allowed or not: nobody can tell from so few seeds.
        case inconclusive
        /// Surely worse than allowed, or over a limit.
        case worse
        /// A number that the gate needs was not reported, or is none.
        case missing
    }

    /// The answer over all metrics: the worst of theirs, but for `better`, which one of them is enough for.
    public var answer: Answer
    /// Whether it fails the job.
    public var isBlocking: Bool
    /// What it says of each metric, in the order of the rules.
    public var metrics: [MetricVerdict]
    /// The judge's settings.
    public var settings: JudgeSettings
    /// Which look at this pull request it is, from 1: each spends a part of the chance to be wrong.
    public var look: Int
    /// Whether doubts block, because an earlier look at this pull request found it worse.
    public var mustShow: Bool
    /// What it was compared with; nil where there was nothing.
    public var baseline: BaselineReference?
    /// The release that the ratchet counts from; nil where no rule has one or there was no release.
    public var release: BaselineReference?

    /// Collects what was found.
    public init(
        answer: Answer, isBlocking: Bool, metrics: [MetricVerdict], settings: JudgeSettings, look: Int = 1,
        mustShow: Bool = false, baseline: BaselineReference? = nil, release: BaselineReference? = nil
    ) {
        self.answer = answer
        self.isBlocking = isBlocking
        self.metrics = metrics
        self.settings = settings
        self.look = look
        self.mustShow = mustShow
        self.baseline = baseline
        self.release = release
    }
}

/// Results that others are compared with.
public struct BaselineReference: Hashable, Codable, Sendable {
    /// What people call it: a branch or a tag.
    public var name: String
    /// The commit they are of.
    public var commit: String
    /// The pipeline that they are from.
    public var pipeline: PipelineID

    /// Names results.
    public init(name: String, commit: String, pipeline: PipelineID) {
        self.name = name
        self.commit = commit
        self.pipeline = pipeline
    }
}

/// What a gate says of one metric.
public struct MetricVerdict: Hashable, Codable, Sendable {
    /// The rule that was held against it.
    public var rule: GateRule
    /// The answer.
    public var answer: Verdict.Answer
    /// Whether it fails the job.
    public var isBlocking: Bool
    /// What each seed reported, in the order of the seeds.
    public var values: [SeedValue]
    /// What each seed of the baseline had.
    public var baseline: [SeedValue]
    /// By how much each example differs from the baseline's; nil where it was not judged by examples.
    public var examples: [Double]?
    /// How the two compare; nil where there was nothing to compare with, or too little.
    public var comparison: MetricComparison?
    /// How it stands against the last release; nil where the rule has no ratchet or there was no release.
    public var ratchet: MetricRatchet?
    /// The limit that does not hold, as `max 40`; nil where all hold.
    public var brokenLimit: String?
    /// What is to be said of it besides, in words.
    public var remark: String?

    /// Begins with a rule and what was reported.
    public init(rule: GateRule, answer: Verdict.Answer, values: [SeedValue] = [], baseline: [SeedValue] = []) {
        self.rule = rule
        self.answer = answer
        self.values = values
        self.baseline = baseline
        isBlocking = false
    }

    /// The mean of what was reported; nil where there is none.
    public var mean: Double? { Self.mean(of: values) }

    /// The mean of the baseline, or the rule's own value; nil where there is none.
    public var baselineMean: Double? { rule.baseline ?? Self.mean(of: baseline) }

    private static func mean(of values: [SeedValue]) -> Double? {
        values.isEmpty ? nil : values.reduce(0) { $0 + $1.value.number } / Double(values.count)
    }
}

/// What one seed reported of a metric.
public struct SeedValue: Hashable, Codable, Sendable {
    /// The seed; 1 where the job has none.
    public var seed: Int
    /// The number.
    public var value: MetricValue

    /// Names a number.
    public init(seed: Int, value: Double) {
        self.seed = seed
        self.value = MetricValue(value)
    }
}

/// How a metric compares with the baseline. Changes have the sign of the metric itself; `loss` is what is worse.
public struct MetricComparison: Hashable, Codable, Sendable {
    /// How samples are compared.
    public enum Method: String, Codable, Sendable {
        /// By the differences of the same seeds.
        case paired
        /// As two samples, each with its own spread (Welch).
        case welch
        /// With a value that has no spread.
        case fixed
        /// By the differences of the same examples, of one seed a side.
        case examples
        /// By the numbers alone: of one seed there is no spread.
        case single
    }

    /// How it was done.
    public var method: Method
    /// The mean less the baseline's.
    public var change: Double
    /// The least and the most that the true change may be, at the verdict's confidence; nil of a single seed.
    public var low: Double?, high: Double?
    /// How much loss the rule allows, in the metric's unit.
    public var allowed: Double
    /// The standard error of the change, and the degrees of freedom it is known with.
    public var standardError: Double?, degreesOfFreedom: Double?
    /// By how many standard errors a change has to be clear of what is allowed.
    public var critical: Double?
    /// The one-sided p-value of the test that the loss is no more than is allowed.
    public var pValue: Double?
    /// The true loss that would be found 8 times in 10.
    public var detectable: Double?
    /// How many more seeds may decide, where nothing is sure; nil where more than a hundred would be needed.
    public var moreSeeds: Int?

    /// Begins with the change.
    public init(method: Method, change: Double, allowed: Double) {
        self.method = method
        self.change = change
        self.allowed = allowed
    }
}

/// How a metric stands against the last release.
public struct MetricRatchet: Hashable, Codable, Sendable {
    /// How much may be lost in all, in the metric's unit.
    public var budget: Double
    /// What has been lost since the release, as far as can be told; negative where it was gained.
    public var loss: Double
    /// What may have been lost at most, at the verdict's confidence; nil of a single seed.
    public var most: Double?
    /// The variance of one seed, pooled over everything known since the release, and the degrees of freedom of that; nil of
    /// single seeds.
    public var variance: Double?, degreesOfFreedom: Double?
    /// How many seeds the release has.
    public var released: Int
    /// How many judgements there have been since the release, with this one.
    public var look: Int
    /// Whether it surely stays within the budget.
    public var holds: Bool

    /// Tells how it stands.
    public init(budget: Double, loss: Double, most: Double?, released: Int, look: Int, holds: Bool) {
        self.budget = budget
        self.loss = loss
        self.most = most
        self.released = released
        self.look = look
        self.holds = holds
    }
}
