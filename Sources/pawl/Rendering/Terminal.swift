import Foundation
import PipelineModel

/// What the place that is written to can do: its width, colours, letters, and whether lines can be rewritten.
struct Terminal: Sendable {
    /// Whether a person watches, so that lines may be rewritten.
    var isInteractive: Bool
    /// How many columns a line may have. Output that goes elsewhere is not cut.
    var width: Int
    /// How many lines fit.
    var height: Int
    /// Whether colours repeat what signs and words say.
    var hasColour: Bool
    /// Whether signs outside ASCII can be shown.
    var isUnicode: Bool
    /// How far local time is ahead of UTC at a moment.
    var secondsAheadOfUTC: @Sendable (Timestamp) -> Int64

    /// The widest line that is drawn.
    static let widest = 100

    /// What standard output can do, by the environment.
    static func standardOutput(environment: [String: String] = ProcessInfo.processInfo.environment) -> Terminal {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        var size = winsize()
        let isKnown = isTerminal && ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let isDumb = environment["TERM"] == "dumb"
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let folded = locale.lowercased()
        return Terminal(
            isInteractive: isTerminal && !isDumb,
            width: isKnown ? min(max(Int(size.ws_col), 20), widest) : widest,
            height: isKnown ? max(Int(size.ws_row), 5) : .max,
            hasColour: isTerminal && !isDumb && (environment["NO_COLOR"] ?? "").isEmpty,
            isUnicode: folded.contains("utf-8") || folded.contains("utf8"),
            secondsAheadOfUTC: localOffset)
    }

    private static func localOffset(_ moment: Timestamp) -> Int64 {
        var seconds = time_t(moment.milliseconds / 1_000)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return 0 }
        return Int64(parts.tm_gmtoff)
    }

    /// A text in a colour, where there are colours.
    func coloured(_ text: String, _ colour: Colour) -> String {
        hasColour ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// A text that holds a sign or a dash, in what this terminal can show.
    func shown(_ text: String) -> String {
        guard !isUnicode else { return text }
        let plain: [Character: String] = [
            "→": "->", "…": "...", "×": "x", "−": "-", "–": "-", "“": "\"", "”": "\"", "’": "'",
        ]
        return text.reduce(into: "") { $0 += plain[$1] ?? ($1.isASCII ? String($1) : "?") }
    }
}

/// The colours used, by their SGR number.
enum Colour: Int, Sendable {
    case red = 31
    case green = 32
    case yellow = 33
    case blue = 34
    case grey = 90
    case bold = 1
}
