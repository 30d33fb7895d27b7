/// Text as HTML. What jobs and strangers wrote is data: every letter that means something in HTML is escaped.
enum HTMLText {
    /// The text with `&`, `<`, `>`, `"` and `'` escaped.
    static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count + 16)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Runs of a log as spans with classes.
    static func log(_ pieces: [ANSIText.Piece]) -> String {
        pieces.reduce(into: "") { html, piece in
            let text = escaped(piece.text)
            html += piece.style.isPlain ? text : "<span class=\"\(classes(piece.style))\">\(text)</span>"
        }
    }

    private static func classes(_ style: ANSIText.Style) -> String {
        var classes: [String] = []
        if style.isBold { classes.append("b") }
        if style.isFaint { classes.append("d") }
        if style.isItalic { classes.append("i") }
        if style.isUnderlined { classes.append("u") }
        if let colour = style.foreground { classes.append("f\(colour)") }
        if let colour = style.background { classes.append("g\(colour)") }
        return classes.joined(separator: " ")
    }
}
