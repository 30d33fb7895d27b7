import PipelineModel

/// Everything a gate judges by. Whoever gathers it has decided what counts: the rules are those of the target branch, and
/// no seed that was reported is left out.
public struct GateCase: Sendable {
    /// What each metric must hold.
    public var rules: [GateRule]
    /// How the gate judges.
    public var settings: JudgeSettings
    /// What each seed of the change reported; nil for a seed that reported nothing.
    public var candidate: [Int: MetricReport?]
    /// What the change is compared with.
    public var baseline: AcceptedResults?
    /// The results of the last release, which the ratchet counts from.
    public var release: AcceptedResults?
    /// Results of the target branch since that release, which tell how far seeds spread.
    public var history: [AcceptedResults]
    /// Which look at this pull request it is, from 1.
    public var look: Int
    /// How many judgements there have been since the release, with this one.
    public var releaseLook: Int
    /// Whether an earlier look at this pull request found it worse, so that doubts block.
    public var mustShow: Bool

    /// Gathers a case with nothing to compare with.
    public init(rules: [GateRule], settings: JudgeSettings = JudgeSettings(), candidate: [Int: MetricReport?]) {
        self.rules = rules
        self.settings = settings
        self.candidate = candidate
        history = []
        look = 1
        releaseLook = 1
        mustShow = false
    }
}

extension AcceptedResults {
    /// The finite numbers reported for a metric, in the order of the seeds.
    func values(of metric: String) -> [SeedValue] {
        reports.sorted { $0.key < $1.key }.compactMap { seed, report in
            report.value(of: metric).flatMap {
                $0.number.isFinite ? SeedValue(seed: seed, value: $0.number) : nil
            }
        }
    }
}
