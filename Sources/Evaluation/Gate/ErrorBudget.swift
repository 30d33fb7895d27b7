/// How the chance to block a change that is within the limits is spent, and how far a change has to be clear of what is
/// allowed for that.
///
/// The chance α is shared by the metrics, and over the life of a pull request by its looks: look k spends α / (k·(k + 1)),
/// which sums to α however many there are. That holds whatever the looks have to do with each other.
///
/// A baseline is stored once and compared with many times, so that its luck does not average out: a test that blocks one
/// identical model in twenty over all baselines blocks some baselines' far more often. So a change is held against the
/// baseline's luck as well: with `√(t(γ)² + t(α)²)` standard errors, where γ is the share of baselines that may be
/// unluckier than that, every other baseline blocks identical models at most α of the time. With means a and b of which b
/// has the share s² of the variance, b's own luck takes t(γ)·s and the rest t(α)·√(1 − s²); by Cauchy and Schwarz that is
/// never more than the root of both squares, whatever the share, and so whether seeds pair or not.
struct ErrorBudget {
    /// The chance to be wrong in all.
    var alpha: Double
    /// Over how many metrics it is shared.
    var metrics: Int

    /// What look k may spend, for one metric.
    func share(look: Int) -> Double { alpha / Double(metrics) / (Double(look) * Double(look + 1)) }

    /// How many standard errors a change has to be clear at a look.
    /// - Parameter isBaselineLucky: whether the baseline has luck of its own.
    func critical(look: Int, dof: Double, isBaselineLucky: Bool) -> Double {
        let own = StudentT.upperQuantile(share(look: look), dof: dof)
        guard isBaselineLucky else { return own }
        let baselines = StudentT.upperQuantile(alpha / Double(metrics), dof: dof)
        return (own * own + baselines * baselines).squareRoot()
    }
}
