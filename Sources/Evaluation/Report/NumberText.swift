#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Numbers as people read them.
public enum NumberText {
    /// A number with four significant digits, as in `0.8038`, `29.00` or `12,345`; what is no finite number by its name.
    public static func of(_ number: Double) -> String {
        guard number.isFinite else { return number.isNaN ? "NaN" : number > 0 ? "∞" : signed("∞", minus: true) }
        let magnitude = abs(number)
        if magnitude != 0, magnitude < 1e-4 || magnitude >= 1e9 { return scientific(number) }
        let whole = magnitude >= 1 ? Int(log10(magnitude)) + 1 : 1
        let decimals = magnitude >= 1 ? max(0, 4 - whole) : magnitude == 0 ? 0 : 4 + max(0, Int(-log10(magnitude)) - 1)
        return of(number, decimals: number.rounded() == number && magnitude >= 1 ? 0 : min(decimals, 7))
    }

    /// A number with so many digits after the point, and its thousands apart.
    public static func of(_ number: Double, decimals: Int) -> String {
        guard number.isFinite, abs(number) < 1e15 else { return of(number) }
        let scale = pow(10, Double(decimals))
        let scaled = (abs(number) * scale).rounded()
        guard scaled < 9e18 else { return scientific(number) }
        let digits = String(Int64(scaled))
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        let whole = padded.dropLast(decimals)
        var grouped = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0 { grouped.append(",") }
            grouped.append(digit)
        }
        let text = decimals > 0 ? "\(grouped).\(padded.suffix(decimals))" : grouped
        return signed(text, minus: number < 0 && scaled > 0)
    }

    /// A number with its sign in front, `+` as well.
    public static func change(_ number: Double, decimals: Int) -> String {
        let text = of(number, decimals: decimals)
        return number > 0 && text.contains(where: { ("1"..."9").contains($0) }) ? "+\(text)" : text
    }

    /// How many digits after the point show numbers of this size with four significant ones.
    public static func decimals(for numbers: [Double]) -> Int {
        let most = numbers.filter(\.isFinite).map(abs).max() ?? 0
        guard most > 0 else { return 1 }
        return min(max(3 - Int(log10(most).rounded(.down)), 0), 7)
    }

    private static func scientific(_ number: Double) -> String {
        let exponent = Int(log10(abs(number)).rounded(.down))
        return "\(of(number / pow(10, Double(exponent)), decimals: 3))e\(exponent)"
    }

    private static func signed(_ text: String, minus: Bool) -> String { minus ? "−\(text)" : text }
}
