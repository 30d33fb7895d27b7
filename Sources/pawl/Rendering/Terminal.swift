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
        return Terminal(
            isInteractive: isTerminal && !isDumb,
            width: isKnown ? min(max(Int(size.ws_col), 20), widest) : widest,
            height: isKnown ? max(Int(size.ws_row), 5) : .max,
            hasColour: isTerminal && !isDumb && (environment["NO_COLOR"] ?? "").isEmpty,
            isUnicode: showsUnicode(environment: environment), secondsAheadOfUTC: localOffset)
    }

    /// Whether letters outside ASCII can be shown, by the environment.
    static func showsUnicode(environment: [String: String]) -> Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let folded = locale.lowercased()
        return folded.contains("utf-8") || folded.contains("utf8")
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
    func shown(_ text: String) -> String { isUnicode ? text : Self.plain(text) }

    /// A text without letters outside ASCII.
    static func plain(_ text: String) -> String {
        let plain: [Character: String] = [
            "→": "->", "…": "...", "×": "x", "−": "-", "–": "-", "“": "\"", "”": "\"", "’": "'",
        ]
        return text.reduce(into: "") { $0 += plain[$1] ?? ($1.isASCII ? String($1) : "?") }
    }

    /// A text in lines of so many columns, broken between words; a longer word stays whole, for it may be an address.
    /// Lines after the first are moved in by `indent` columns.
    func wrapped(_ text: String, to room: Int, indent: Int = 0) -> [String] {
        let margin = String(repeating: " ", count: indent)
        return text.split(separator: " ").reduce(into: [String]()) { lines, word in
            if let last = lines.last, last.columns + 1 + word.columns <= room {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(lines.isEmpty ? String(word) : margin + word)
            }
        }
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
