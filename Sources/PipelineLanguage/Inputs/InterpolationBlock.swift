import PipelineModel

/// What stands between `$[[` and `]]`: an input, and functions that its text goes through.
struct InterpolationBlock {
    /// How many functions a block may have. GitLab's limit.
    static let functionLimit = 3

    /// Everything between the brackets, without blanks around it.
    let text: String
    /// The input's name; nil where something else is meant.
    let inputName: String?
    /// The functions as written, in order.
    let functions: [String]

    init(_ written: Substring) {
        text = String(written).trimmingSpaces
        let parts = text.split(separator: "|", omittingEmptySubsequences: false).map { String($0).trimmingSpaces }
        let access = parts[0]
        let name = access.hasPrefix("inputs.") ? String(access.dropFirst("inputs.".count)) : ""
        inputName = name.isEmpty ? nil : name
        functions = Array(parts.dropFirst())
    }

    /// A text after a function; nil where there is no such function.
    static func apply(_ function: String, to text: String, _ context: PlanningContext) -> String? {
        switch function {
        case "expand_vars": return VariableExpansion(context.layered([])).expand(text)
        case "posix_escape": return escaped(text)
        default: break
        }
        guard function.hasPrefix("truncate("), function.hasSuffix(")") else { return nil }
        let arguments = function.dropFirst("truncate(".count).dropLast().split(separator: ",")
            .map { Int(String($0).trimmingSpaces) }
        guard arguments.count == 2, let offset = arguments[0], let length = arguments[1], offset >= 0, length >= 0
        else {
            return nil
        }
        return String(text.dropFirst(offset).prefix(length))
    }

    /// A text that a POSIX shell takes for one word.
    private static func escaped(_ text: String) -> String {
        if text.isEmpty { return "''" }
        var result = ""
        for scalar in text.unicodeScalars {
            let isPlain =
                scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                || "_-.,:+/@".unicodeScalars.contains(scalar)
            if scalar == "\n" {
                result += "'\n'"
            } else {
                if !isPlain { result += "\\" }
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
