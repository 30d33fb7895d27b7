#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Student's t distribution. Degrees of freedom may be any number above 0, as Welch's test has them.
enum StudentT {
    /// The chance of a value above `t`.
    static func upperTail(_ t: Double, dof: Double) -> Double {
        let half = 0.5 * IncompleteBeta.regularized(dof / (dof + t * t), dof / 2, 0.5)
        return t >= 0 ? half : 1 - half
    }

    /// The value that is exceeded with a chance.
    /// - Parameter chance: between 0 and 1, both left out.
    static func upperQuantile(_ chance: Double, dof: Double) -> Double {
        if chance == 0.5 { return 0 }
        if chance > 0.5 { return -upperQuantile(1 - chance, dof: dof) }
        var (low, high) = (0.0, 1.0)
        while upperTail(high, dof: dof) > chance, high < 1e300 { (low, high) = (high, high * 2) }
        var t = min(max(firstGuess(chance, dof), low), high)
        for _ in 0..<200 {
            let excess = upperTail(t, dof: dof) - chance
            if excess > 0 { low = t } else { high = t }
            // Newton's step on the logarithm, whose slope changes slowly in the tail; halving where it leads outside.
            let tail = excess + chance
            var next = t + log(tail / chance) * tail / density(t, dof: dof)
            if !(next > low && next < high) { next = (low + high) / 2 }
            if abs(next - t) <= 1e-15 * abs(next) || high - low <= 1e-15 * high { return next }
            t = next
        }
        return t
    }

    static func density(_ t: Double, dof: Double) -> Double {
        exp(
            LogGamma.of((dof + 1) / 2) - LogGamma.of(dof / 2) - 0.5 * log(dof * .pi)
                - (dof + 1) / 2 * log1p(t * t / dof))
    }

    /// The normal value, corrected for the heavier tails (Cornish and Fisher's first terms).
    private static func firstGuess(_ chance: Double, _ dof: Double) -> Double {
        let z = Normal.upperQuantile(chance)
        return z + (z * z * z + z) / (4 * dof) + (5 * pow(z, 5) + 16 * z * z * z + 3 * z) / (96 * dof * dof)
    }
}

/// The normal distribution of mean 0 and variance 1.
enum Normal {
    /// The chance of a value above `z`.
    static func upperTail(_ z: Double) -> Double { 0.5 * erfc(z / 2.0.squareRoot()) }

    /// The value that is exceeded with a chance, which is between 0 and 1, both left out.
    static func upperQuantile(_ chance: Double) -> Double {
        if chance > 0.5 { return -upperQuantile(1 - chance) }
        var (low, high) = (0.0, 40.0)
        var z = (-2 * log(chance)).squareRoot() * 0.8
        for _ in 0..<200 {
            let tail = upperTail(z)
            if tail > chance { low = z } else { high = z }
            let density = exp(-z * z / 2) / (2 * Double.pi).squareRoot()
            var next = z + log(tail / chance) * tail / density
            if !(next > low && next < high) { next = (low + high) / 2 }
            if abs(next - z) <= 1e-15 * max(abs(next), 1e-3) { return next }
            z = next
        }
        return z
    }
}

/// Student's t with a mean that is not 0: how a test's statistic is spread where there is something to find.
enum NoncentralT {
    /// The chance of a value above `t` at a noncentrality: the normal chance, averaged over how far the estimated standard
    /// deviation may be from the true one.
    static func upperTail(_ t: Double, dof: Double, noncentrality: Double) -> Double {
        // The ratio s of the two has the density 2 (ν/2)^(ν/2) / Γ(ν/2) · s^(ν−1) · exp(−ν s²/2).
        let logScale = log(2.0) + dof / 2 * log(dof / 2) - LogGamma.of(dof / 2)
        let reach = 12 / (2 * dof).squareRoot()
        // Over the fourth root of the ratio, for the density may begin steeply at 0.
        let (first, last) = (pow(max(1 - reach, 0), 0.25), pow(1 + reach, 0.25))
        let steps = 600
        let width = (last - first) / Double(steps)
        var sum = 0.0
        for step in 0...steps {
            let root = first + Double(step) * width
            guard root > 0 else { continue }
            let ratio = root * root * root * root
            let density = exp(logScale + (dof - 1) * log(ratio) - dof * ratio * ratio / 2) * 4 * root * root * root
            // Simpson's weights.
            let weight = step == 0 || step == steps ? 1.0 : step % 2 == 0 ? 2.0 : 4.0
            sum += weight * density * Normal.upperTail(t * ratio - noncentrality)
        }
        return min(max(sum * width / 3, 0), 1)
    }

    /// The noncentrality at which `t` is exceeded with a chance.
    static func noncentrality(exceeding t: Double, dof: Double, chance: Double) -> Double {
        var (low, high) = (-10.0, max(t, 1) * 4 + 40)
        for _ in 0..<45 {
            let middle = (low + high) / 2
            if upperTail(t, dof: dof, noncentrality: middle) < chance { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}

/// The incomplete beta function, divided by the complete one.
enum IncompleteBeta {
    static func regularized(_ x: Double, _ a: Double, _ b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        let front = exp(
            LogGamma.of(a + b) - LogGamma.of(a) - LogGamma.of(b) + a * log(x) + b * log1p(-x))
        // The fraction converges fast on one side only; the other is its complement.
        if x < (a + 1) / (a + b + 2) { return front * fraction(x, a, b) / a }
        return 1 - front * fraction(1 - x, b, a) / b
    }

    /// The continued fraction, by Lentz's method.
    private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / kept(1 - (a + b) * x / (a + 1))
        var result = d
        for index in 1...10_000 {
            let m = Double(index)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / kept(1 + even * d)
            c = kept(1 + even / c)
            result *= d * c
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / kept(1 + odd * d)
            c = kept(1 + odd / c)
            let factor = d * c
            result *= factor
            if abs(factor - 1) < 1e-16 { break }
        }
        return result
    }
}

/// The logarithm of the gamma function, for arguments above 0.
enum LogGamma {
    static func of(_ x: Double) -> Double {
        var sign: Int32 = 0
        return lgamma_r(x, &sign)
    }
}
