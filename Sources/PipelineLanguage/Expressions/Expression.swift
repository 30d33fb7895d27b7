/// A condition of `rules:if`, read once and evaluated for any variables.
///
/// The meaning is GitLab's: a value that is null, empty or blank is false at the end, `==` compares texts, an unset
/// variable is null, `&&` binds tighter than `||`, and between values only null and false stop `&&`.
struct Expression: Sendable {
    indirect enum Term: Sendable {
        case variable(String)
        case text(String)
        case null
        case yes
        case pattern(Pattern)
        case equal(Term, Term)
        case unequal(Term, Term)
        case matching(Term, Term)
        case notMatching(Term, Term)
        case and(Term, Term)
        case or(Term, Term)
    }

    /// What a term comes to.
    private enum Value: Equatable {
        case null
        case truth(Bool)
        case text(String)

        /// What `&&` and `||` ask: an empty text counts here, and does not at the end.
        var stands: Bool {
            switch self {
            case .null: false
            case .truth(let truth): truth
            case .text: true
            }
        }
    }

    /// Why an evaluation came to nothing.
    enum EvaluationError: Error {
        /// A variable's value, used as a pattern, is not one.
        case pattern(PatternError)
        /// Matching took more steps than one planning may.
        case tooMuchWork
    }

    private let root: Term

    /// Reads an expression's text.
    init(_ text: String) throws(PatternError) {
        root = try ExpressionParser.parse(text)
    }

    /// Whether it holds; `variable` gives a variable's value, nil where it is not set.
    func holds(
        budget: MatchingBudget, variable: (String) -> String?
    ) throws(EvaluationError) -> Bool {
        switch try value(of: root, budget, variable) {
        case .null: false
        case .truth(let truth): truth
        case .text(let text): text.contains { !$0.isWhitespace }
        }
    }

    private func value(
        of term: Term, _ budget: MatchingBudget, _ variable: (String) -> String?
    ) throws(EvaluationError) -> Value {
        switch term {
        case .variable(let name): return variable(name).map { .text($0) } ?? .null
        case .text(let text): return .text(text)
        case .null: return .null
        case .yes: return .truth(true)
        case .pattern: return .null
        case .equal(let left, let right):
            return .truth(try value(of: left, budget, variable) == value(of: right, budget, variable))
        case .unequal(let left, let right):
            return .truth(try value(of: left, budget, variable) != value(of: right, budget, variable))
        case .matching(let left, let right):
            return .truth(try matches(left, right, budget, variable) ?? false)
        case .notMatching(let left, let right):
            return .truth(!(try matches(left, right, budget, variable) ?? false))
        case .and(let left, let right):
            let first = try value(of: left, budget, variable)
            return first.stands ? try value(of: right, budget, variable) : first
        case .or(let left, let right):
            let first = try value(of: left, budget, variable)
            return first.stands ? first : try value(of: right, budget, variable)
        }
    }

    /// Whether the left text has a match of the right pattern; nil when there is no pattern.
    private func matches(
        _ left: Term, _ right: Term, _ budget: MatchingBudget, _ variable: (String) -> String?
    ) throws(EvaluationError) -> Bool? {
        let text: String
        switch try value(of: left, budget, variable) {
        case .text(let value): text = value
        case .truth(let truth): text = "\(truth)"
        case .null: text = ""
        }
        let pattern: Pattern
        if case .pattern(let written) = right {
            pattern = written
        } else {
            guard case .text(let written) = try value(of: right, budget, variable) else { return nil }
            // It is made anew for each job that asks, which costs as much as matching does.
            guard budget.spend(written.utf8.count) else { throw .tooMuchWork }
            do throws(PatternError) {
                // A value that is not written as a pattern is searched for the text, as GitLab does.
                guard let made = try Pattern(slashed: written) else { return text.isEmpty || written.contains(text) }
                _ = budget.spend(made.cost)
                pattern = made
            } catch {
                _ = budget.spend(PatternProgram.sizeLimit)
                throw .pattern(error)
            }
        }
        guard let result = pattern.matches(text, budget: budget) else { throw .tooMuchWork }
        return result
    }
}
