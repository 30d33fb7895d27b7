extension StringProtocol {
    /// The text on one line and without anything that moves a cursor, hides or reorders letters.
    ///
    /// Titles, names and messages come from strangers: they are shown, never obeyed.
    var printable: String {
        var line = ""
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control: line.unicodeScalars.append(" ")
            case .format where scalar != "\u{200D}": continue
            case .lineSeparator, .paragraphSeparator: line.unicodeScalars.append(" ")
            case .privateUse, .surrogate, .unassigned: line.unicodeScalars.append("\u{FFFD}")
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }

    /// How many columns a terminal uses for the text.
    var columns: Int { reduce(0) { $0 + $1.columns } }

    /// The text cut to so many columns, with `…` where something is left out.
    func cut(to limit: Int, on terminal: Terminal) -> String {
        guard columns > limit else { return String(self) }
        let dots = terminal.isUnicode ? "…" : "..."
        guard limit > dots.columns else { return String(dots.prefix(Swift.max(limit, 0))) }
        var kept = ""
        var used = 0
        for letter in self {
            if used + letter.columns > limit - dots.columns { break }
            kept.append(letter)
            used += letter.columns
        }
        return kept + dots
    }

    /// The text with blanks after it up to so many columns.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - columns)) }
}

extension Character {
    /// Two for the wide letters of East Asia and for pictures, none for marks alone, else one.
    var columns: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        if scalar.isASCII { return 1 }
        if scalar.properties.generalCategory == .nonspacingMark { return 0 }
        if scalar.properties.isEmojiPresentation { return 2 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
