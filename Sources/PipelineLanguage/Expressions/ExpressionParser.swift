/// Puts the words of an expression together: comparisons bind tightest, then `&&`, then `||`.
struct ExpressionParser {
    private var tokens: ArraySlice<ExpressionLexer.Token>

    /// Reads a whole text.
    static func parse(_ text: String) throws(PatternError) -> Expression.Term {
        var parser = ExpressionParser(tokens: try ExpressionLexer.tokens(of: text)[...])
        guard !parser.tokens.isEmpty else { throw PatternError(message: "it is empty") }
        let term = try parser.alternatives()
        guard let extra = parser.tokens.first else { return term }
        throw PatternError(
            message: extra == .close ? "there is a ) too many" : "an operator is missing between two values")
    }

    private mutating func alternatives() throws(PatternError) -> Expression.Term {
        var term = try conjunction()
        while tokens.first == .or {
            tokens.removeFirst()
            term = .or(term, try conjunction())
        }
        return term
    }

    private mutating func conjunction() throws(PatternError) -> Expression.Term {
        var term = try comparison()
        while tokens.first == .and {
            tokens.removeFirst()
            term = .and(term, try comparison())
        }
        return term
    }

    private mutating func comparison() throws(PatternError) -> Expression.Term {
        var term = try value()
        while let sign = tokens.first {
            switch sign {
            case .equal:
                tokens.removeFirst()
                term = .equal(term, try value())
            case .unequal:
                tokens.removeFirst()
                term = .unequal(term, try value())
            case .matching:
                tokens.removeFirst()
                term = .matching(term, try value())
            case .notMatching:
                tokens.removeFirst()
                term = .notMatching(term, try value())
            default: return term
            }
        }
        return term
    }

    private mutating func value() throws(PatternError) -> Expression.Term {
        guard let token = tokens.popFirst() else { throw PatternError(message: "it ends where a value is expected") }
        switch token {
        case .variable(let name): return .variable(name)
        case .text(let text): return .text(text)
        case .null: return .null
        case .yes: return .yes
        case .pattern(let text, let flags): return .pattern(try Pattern(text, flags: flags))
        case .open:
            let term = try alternatives()
            guard tokens.popFirst() == .close else { throw PatternError(message: "a ( is not closed") }
            return term
        case .close, .equal, .unequal, .matching, .notMatching, .and, .or:
            throw PatternError(message: "an operator stands where a value is expected")
        }
    }
}
