/// How far the mean of one sample lies from that of another, and how sure that is.
struct Comparison: Hashable {
    /// How the two were compared.
    enum Method: String, Hashable {
        /// By the differences of values that belong together.
        case paired
        /// As samples of their own, each with its own spread (Welch).
        case welch
    }

    var method: Method
    /// The mean of the first less that of the second.
    var difference: Double
    /// The standard error of the difference; 0 where nothing varies.
    var standardError: Double
    /// The degrees of freedom with which that error is known.
    var degreesOfFreedom: Double

    /// Compares samples by the differences of their values, which belong together one by one.
    /// - Parameters: two samples of the same size, of two at least.
    init(pairing first: [Double], with second: [Double]) {
        let differences = zip(first, second).map { $0 - $1 }
        let sample = SampleMoments(differences)
        method = .paired
        difference = sample.mean
        standardError = Self.significant(
            (sample.variance / Double(sample.count)).squareRoot(), beside: SampleMoments(first), SampleMoments(second))
        degreesOfFreedom = Double(sample.count - 1)
    }

    /// Compares samples by their means and spreads.
    /// - Parameters: two samples of two at least.
    init(_ first: [Double], against second: [Double]) {
        let (a, b) = (SampleMoments(first), SampleMoments(second))
        let (shareA, shareB) = (a.variance / Double(a.count), b.variance / Double(b.count))
        method = .welch
        difference = a.mean - b.mean
        standardError = Self.significant((shareA + shareB).squareRoot(), beside: a, b)
        // Welch and Satterthwaite. Where nothing varies, both samples count in full.
        let spread = shareA * shareA / Double(a.count - 1) + shareB * shareB / Double(b.count - 1)
        degreesOfFreedom =
            spread > 0 ? (shareA + shareB) * (shareA + shareB) / spread : Double(a.count + b.count - 2)
    }

    /// The statistic of the test that the difference is `shift`.
    func statistic(against shift: Double) -> Double {
        let distance = difference - shift
        if standardError > 0 { return distance / standardError }
        return distance == 0 ? 0 : distance > 0 ? .infinity : -.infinity
    }

    /// The chance of a difference as low as this one or lower where it is truly `shift`.
    func lowerTail(against shift: Double) -> Double {
        let t = statistic(against: shift)
        if t.isInfinite { return t < 0 ? 0 : 1 }
        return StudentT.upperTail(-t, dof: degreesOfFreedom)
    }

    /// An error that is only what rounding left of none is none.
    private static func significant(_ error: Double, beside a: SampleMoments, _ b: SampleMoments) -> Double {
        error <= 1e-13 * max(abs(a.mean), abs(b.mean)) ? 0 : error
    }
}

/// The size, mean and variance of a sample.
struct SampleMoments: Hashable {
    var count: Int
    var mean: Double
    /// Of the population, estimated: divided by one less than the size. 0 for a sample of one.
    var variance: Double

    init(_ values: [Double]) {
        count = values.count
        let mean = values.reduce(0, +) / Double(values.count)
        self.mean = mean
        variance =
            values.count > 1 ? values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1) : 0
    }
}

/// Mann and Whitney's test by ranks, which asks nothing of how the values are spread.
struct RankTest: Hashable {
    /// How many pairs have the first sample's value in front; half for equal ones.
    var statistic: Double
    /// The chance of a statistic as low or lower where the samples are alike: by the normal distribution, corrected for
    /// ties and for continuity. 0.5 where all values are the same.
    var lowerTail: Double

    init(_ first: [Double], against second: [Double]) {
        let pairs = first.flatMap { one in second.map { one > $0 ? 1 : one == $0 ? 0.5 : 0 } }
        statistic = pairs.reduce(0, +)
        let (n1, n2) = (Double(first.count), Double(second.count))
        let n = n1 + n2
        let counts = Dictionary((first + second).map { ($0, 1.0) }, uniquingKeysWith: +).values
        let ties = counts.reduce(0) { $0 + $1 * ($1 * $1 - 1) }
        let deviation = (n1 * n2 / 12 * (n + 1 - ties / (n * (n - 1)))).squareRoot()
        lowerTail = deviation > 0 ? Normal.upperTail(-(statistic - n1 * n2 / 2 + 0.5) / deviation) : 0.5
    }
}
