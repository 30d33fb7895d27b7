/// A pattern ready for matching, in time that grows with pattern times text and never faster.
///
/// All ways through the pattern are followed at once, one character at a time, so nothing is ever tried twice. A pattern
/// that keeps a backtracking engine busy for years costs this one what any other pattern of its length costs.
struct PatternProgram: Sendable {
    /// What must hold at a position without taking a character.
    enum Assertion: Sendable, Equatable { case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary }

    enum Instruction: Sendable {
        case one(ScalarSet)
        case assertion(Assertion)
        case split(Int, Int)
        case jump(Int)
        /// Notes the place: a group begins or ends.
        case mark(Int)
        case match
    }

    /// How long a program may get; counted repetitions are written out.
    static let sizeLimit = 4_000

    private(set) var instructions: [Instruction] = []
    /// How many groups it has whose places are told.
    private(set) var groups = 0

    /// How many instructions it has.
    var size: Int { instructions.count }

    /// Translates a tree. Fails when the program would get longer than `sizeLimit`.
    init(_ syntax: PatternSyntax) throws(PatternError) {
        try emit(syntax)
        try append(.match)
    }

    private mutating func append(_ instruction: Instruction) throws(PatternError) {
        guard instructions.count < Self.sizeLimit else {
            throw PatternError(message: "the pattern is too large once its repetitions are written out")
        }
        instructions.append(instruction)
    }

    private mutating func emit(_ syntax: PatternSyntax) throws(PatternError) {
        switch syntax {
        case .empty: break
        case .one(let set): try append(.one(set))
        case .assertion(let assertion): try append(.assertion(assertion))
        case .sequence(let parts): for part in parts { try emit(part) }
        case .choice(let choices): try emitChoice(choices[...])
        case .repeated(let part, let least, let most, let isLazy): try emitRepeat(part, least, most, isLazy)
        case .group(let part, let number):
            groups = max(groups, number)
            try append(.mark(2 * number))
            try emit(part)
            try append(.mark(2 * number + 1))
        }
    }

    private mutating func emitChoice(_ choices: ArraySlice<PatternSyntax>) throws(PatternError) {
        var exits: [Int] = []
        for choice in choices.dropLast() {
            let split = instructions.count
            try append(.split(split + 1, 0))
            try emit(choice)
            exits.append(instructions.count)
            try append(.jump(0))
            instructions[split] = .split(split + 1, instructions.count)
        }
        if let last = choices.last { try emit(last) }
        for exit in exits { instructions[exit] = .jump(instructions.count) }
    }

    private mutating func emitRepeat(
        _ part: PatternSyntax, _ least: Int, _ most: Int?, _ isLazy: Bool
    ) throws(PatternError) {
        // What stands first is preferred.
        func split(at place: Int, orTo end: Int) -> Instruction {
            isLazy ? .split(end, place + 1) : .split(place + 1, end)
        }
        for _ in 0..<least {
            let before = instructions.count
            try emit(part)
            // A part that is always empty would let a large count spin without making the program grow.
            if instructions.count == before { return }
        }
        guard let most else {
            let place = instructions.count
            try append(.jump(0))
            try emit(part)
            try append(.jump(place))
            instructions[place] = split(at: place, orTo: instructions.count)
            return
        }
        var splits: [Int] = []
        for _ in least..<max(least, most) {
            splits.append(instructions.count)
            try append(.jump(0))
            try emit(part)
        }
        for place in splits { instructions[place] = split(at: place, orTo: instructions.count) }
    }

    /// Whether the text has a match: anywhere, or over its whole length. Nil when the budget ran out.
    ///
    /// Every look at an instruction is a step, those that take no character too: a pattern can be made of nothing else.
    func matches(_ text: String, whole: Bool = false, budget: MatchingBudget) -> Bool? {
        var current = Threads(capacity: instructions.count)
        var next = Threads(capacity: instructions.count)
        var previous: Unicode.Scalar?
        var rest = text.unicodeScalars[...]
        var isFirst = true
        while true {
            let scalar = rest.first
            if isFirst || !whole { follow(0, previous, scalar, &current) }
            isFirst = false
            guard budget.spend(current.looks + 1) else { return nil }
            if current.hasMatch && (!whole || scalar == nil) { return true }
            guard let scalar, !(whole && current.isEmpty) else { return false }
            rest = rest.dropFirst()
            let following = rest.first
            next.clear()
            for position in current.positions {
                guard case .one(let set) = instructions[position], set.contains(scalar) else { continue }
                follow(position + 1, scalar, following, &next)
            }
            swap(&current, &next)
            previous = scalar
        }
    }

    /// Adds everything that can be reached from a position without taking a character.
    private func follow(
        _ start: Int, _ previous: Unicode.Scalar?, _ next: Unicode.Scalar?, _ threads: inout Threads
    ) {
        var pending = [start]
        while let position = pending.popLast() {
            guard threads.visit(position) else { continue }
            switch instructions[position] {
            case .one: threads.add(position)
            case .match: threads.hasMatch = true
            case .jump(let target): pending.append(target)
            case .mark: pending.append(position + 1)
            case .split(let first, let second):
                pending.append(second)
                pending.append(first)
            case .assertion(let assertion):
                if Self.holds(assertion, previous, next) { pending.append(position + 1) }
            }
        }
    }

    static func holds(_ assertion: Assertion, _ previous: Unicode.Scalar?, _ next: Unicode.Scalar?) -> Bool {
        switch assertion {
        case .textStart: previous == nil
        case .textEnd: next == nil
        case .lineStart: previous == nil || previous == UnicodeScalarLiteral.lineFeed
        case .lineEnd: next == nil || next == UnicodeScalarLiteral.lineFeed
        case .wordBoundary: isWord(previous) != isWord(next)
        case .noWordBoundary: isWord(previous) == isWord(next)
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar?) -> Bool { scalar.map(ScalarSet.word.contains) ?? false }

    /// The positions that are alive at one character of the text.
    private struct Threads {
        private(set) var positions: [Int] = []
        /// How often an instruction was looked at to find them.
        private(set) var looks = 0
        private var visited: [Int]
        private var generation = 1
        var hasMatch = false

        init(capacity: Int) { visited = Array(repeating: 0, count: capacity) }

        var isEmpty: Bool { positions.isEmpty && !hasMatch }

        mutating func visit(_ position: Int) -> Bool {
            looks += 1
            guard visited[position] != generation else { return false }
            visited[position] = generation
            return true
        }

        mutating func add(_ position: Int) { positions.append(position) }

        mutating func clear() {
            positions.removeAll(keepingCapacity: true)
            generation += 1
            looks = 0
            hasMatch = false
        }
    }
}
