/// The name of a data folder that a runner offers: jobs ask for it, and find the folder at `/data/<name>`.
public enum DataName {
    /// What a name may be, as a sentence.
    public static let rule =
        "It has up to 63 letters, digits, dots, dashes and underscores, and begins with no dot or dash."

    /// Whether a text can be a name: it becomes a part of a path.
    public static func isValid(_ text: String) -> Bool {
        guard (1...63).contains(text.utf8.count), let first = text.first, first != ".", first != "-" else {
            return false
        }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
    }

    /// Where a job's container has the folder.
    public static func target(of name: String) -> String { "/data/" + name }
}
