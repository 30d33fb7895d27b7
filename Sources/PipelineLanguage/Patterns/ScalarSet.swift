/// A set of characters: what one step of a pattern accepts.
struct ScalarSet: Sendable, Equatable {
    private var ranges: [ClosedRange<UInt32>]
    private var isNegated = false
    private var foldsCase = false

    init(_ ranges: [ClosedRange<UInt32>] = []) { self.ranges = ranges }

    init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

    static let digits = ScalarSet([48...57])
    static let word = ScalarSet([48...57, 65...90, 95...95, 97...122])
    static let space = ScalarSet([9...10, 12...13, 32...32])
    static let all = ScalarSet([0...0x10FFFF])

    /// Everything but a line feed, which is what a dot means.
    static let notLineFeed = ScalarSet(UnicodeScalarLiteral.lineFeed).negated

    /// Everything but a slash.
    static let notSlash = ScalarSet(UnicodeScalarLiteral.slash).negated

    var negated: ScalarSet {
        var result = self
        result.isNegated.toggle()
        return result
    }

    /// The set with the other case of each letter.
    var foldingCase: ScalarSet {
        var result = self
        result.foldsCase = true
        return result
    }

    mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }

    /// Adds what another set has; a negated one is added as the ranges between its own.
    mutating func formUnion(_ other: ScalarSet) {
        guard other.isNegated else {
            ranges += other.ranges
            return
        }
        var next: UInt32 = 0
        for range in other.ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { ranges.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound &+ 1)
        }
        if next <= 0x10FFFF { ranges.append(next...0x10FFFF) }
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool { has(scalar) != isNegated }

    private func has(_ scalar: Unicode.Scalar) -> Bool {
        if hasExactly(scalar.value) { return true }
        guard foldsCase else { return false }
        return hasExactly(folded(scalar.properties.lowercaseMapping))
            || hasExactly(folded(scalar.properties.uppercaseMapping))
    }

    /// The only scalar of a mapping, or one that is in no set when the mapping makes several.
    private func folded(_ mapping: String) -> UInt32 {
        let scalars = mapping.unicodeScalars
        guard let first = scalars.first, scalars.count == 1 else { return UInt32.max }
        return first.value
    }

    private func hasExactly(_ value: UInt32) -> Bool {
        for range in ranges where range.contains(value) { return true }
        return false
    }
}

/// Characters that patterns and globs treat in their own way.
enum UnicodeScalarLiteral {
    static let lineFeed: Unicode.Scalar = "\n"
    static let slash: Unicode.Scalar = "/"
}
