/// Cuts an expression's text into words.
struct ExpressionLexer {
    enum Token: Equatable {
        case variable(String)
        case text(String)
        case pattern(text: String, flags: String)
        case null
        case yes
        case equal, unequal, matching, notMatching, and, or, open, close
    }

    /// GitLab refuses longer ones.
    static let tokenLimit = 100

    /// The words of a text.
    static func tokens(of text: String) throws(PatternError) -> [Token] {
        var rest = text[...]
        var tokens: [Token] = []
        while true {
            rest = rest.drop { $0.isWhitespace }
            guard !rest.isEmpty else { return tokens }
            guard tokens.count < tokenLimit else {
                throw PatternError(message: "it has more than \(tokenLimit) parts")
            }
            tokens.append(try next(&rest))
        }
    }

    private static let signs: [(String, Token)] = [
        ("==", .equal), ("!=", .unequal), ("=~", .matching), ("!~", .notMatching), ("&&", .and), ("||", .or),
        ("(", .open), (")", .close),
    ]

    private static func next(_ rest: inout Substring) throws(PatternError) -> Token {
        for (sign, token) in signs where rest.hasPrefix(sign) {
            rest = rest.dropFirst(sign.count)
            return token
        }
        switch rest.first {
        case "$": return try variable(&rest)
        case "\"", "'": return try quoted(&rest)
        case "/": return try pattern(&rest)
        default: break
        }
        let word = rest.prefix { isNameCharacter($0) }
        switch word {
        case "null":
            rest = rest[word.endIndex...]
            return .null
        case "true":
            rest = rest[word.endIndex...]
            return .yes
        default: throw PatternError(message: complaint(about: rest, word: word))
        }
    }

    private static func complaint(about rest: Substring, word: Substring) -> String {
        if rest.first == "=" { return "\"=\" is not an operator; write == or =~" }
        if rest.first == "!" { return "there is no ! operator; write != or !~, or compare with null" }
        if word == "and" || word == "or" { return "\"\(word)\" is not an operator; write && or ||" }
        return "\"\(rest.prefix(20))\" is not understood; texts need quotes, variables a $"
    }

    private static func variable(_ rest: inout Substring) throws(PatternError) -> Token {
        let name = rest.dropFirst().prefix { isNameCharacter($0) }
        guard !name.isEmpty else {
            let braces = rest.dropFirst().first == "{"
            throw PatternError(
                message: braces ? "variables are written $NAME here, without braces" : "a $ needs a name")
        }
        rest = rest[name.endIndex...]
        return .variable(String(name))
    }

    private static func quoted(_ rest: inout Substring) throws(PatternError) -> Token {
        let quote = rest.removeFirst()
        guard let end = rest.firstIndex(of: quote) else { throw PatternError(message: "a text's quote is not closed") }
        let text = rest[..<end]
        rest = rest[rest.index(after: end)...]
        return .text(String(text))
    }

    private static func pattern(_ rest: inout Substring) throws(PatternError) -> Token {
        rest.removeFirst()
        var text = ""
        while let character = rest.popFirst() {
            if character == "/" {
                guard !text.isEmpty else { throw PatternError(message: "a pattern is empty") }
                let flags = rest.prefix { "ismU".contains($0) }
                rest = rest[flags.endIndex...]
                return .pattern(text: text, flags: String(flags))
            }
            if character == "\\", let next = rest.popFirst() {
                text += next == "/" ? "/" : "\\\(next)"
            } else {
                text.append(character)
            }
        }
        throw PatternError(message: "a pattern's / is not closed")
    }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "_")
    }
}
