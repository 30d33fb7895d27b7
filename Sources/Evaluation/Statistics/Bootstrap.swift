/// The standard error of a mean, by drawing the sample from itself again and again (Efron 1979): it asks nothing of how the
/// values are spread.
///
/// The draws are always the same ones, so that whoever has the values comes to the same number: SplitMix64 from a fixed
/// start (Steele, Lea and Flood 2014), and of each draw the upper half of its product with the sample's size as the place.
struct Bootstrap {
    /// How often the sample is drawn. The error of a standard error is then about 2 %.
    static let draws = 1_000
    /// How many values there are at least: a few tell little of all that there may be.
    static let leastCount = 30
    private static let start: UInt64 = 0x5061_776C

    /// The standard error of the values' mean. 0 where they are all the same.
    static func standardError(ofMeanOf values: [Double]) -> Double {
        // Differences of scores have few distinct values; the order in which they stand must not matter.
        let values = values.sorted()
        guard let first = values.first, first != values.last else { return 0 }
        var state = start
        var means: [Double] = []
        means.reserveCapacity(draws)
        values.withUnsafeBufferPointer { values in
            let count = UInt64(values.count)
            for _ in 0..<draws {
                var sum = 0.0
                for _ in 0..<values.count {
                    state &+= 0x9E37_79B9_7F4A_7C15
                    var word = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
                    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
                    word ^= word >> 31
                    sum += values[Int(word.multipliedFullWidth(by: count).high)]
                }
                means.append(sum / Double(values.count))
            }
        }
        return SampleMoments(means).variance.squareRoot()
    }
}
