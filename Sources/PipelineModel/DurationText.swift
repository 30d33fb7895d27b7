extension Duration {
    /// The duration as people read it, two units at most: `180 ms`, `2.1 s`, `41s`, `10m 57s`, `3h 02m`, `2d 03h`.
    public var text: String {
        let milliseconds = wholeMilliseconds
        if milliseconds < 1_000 { return "\(milliseconds) ms" }
        if milliseconds < 20_000 { return "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s" }
        let seconds = milliseconds / 1_000
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3_600 { return "\(seconds / 60)m \(Self.twoDigits(seconds % 60))s" }
        if seconds < 86_400 { return "\(seconds / 3_600)h \(Self.twoDigits(seconds % 3_600 / 60))m" }
        return "\(seconds / 86_400)d \(Self.twoDigits(seconds % 86_400 / 3_600))h"
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
