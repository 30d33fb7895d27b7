extension PatternProgram {
    /// Where a match and its groups are, as offsets of characters.
    struct Found {
        var whole: Range<Int>
        /// The groups that took part, in the order of their opening.
        var groups: [Range<Int>]
    }

    /// What came of a search.
    enum Search {
        case found(Found)
        case nothing
        case spent
    }

    /// The first match from a place on, and of several there the one that RE2 takes: all ways are followed at once, those
    /// that the pattern prefers in front.
    func search(_ text: [Unicode.Scalar], from start: Int, budget: MatchingBudget) -> Search {
        var current = Ways(capacity: size)
        var next = Ways(capacity: size)
        var best: [Int]?
        let none = [Int](repeating: -1, count: 2 * (groups + 1))
        func scalar(_ place: Int) -> Unicode.Scalar? { text.indices.contains(place) ? text[place] : nil }
        for place in start...max(start, text.count) {
            if best == nil {
                var marks = none
                marks[0] = place
                lead(0, marks, place, scalar(place - 1), scalar(place), &current)
            }
            guard budget.spend(current.looks + 1) else { return .spent }
            next.clear()
            for way in current.ways {
                switch instructions[way.position] {
                case .one(let set):
                    if let taken = scalar(place), set.contains(taken) {
                        lead(way.position + 1, way.marks, place + 1, taken, scalar(place + 1), &next)
                    }
                    continue
                case .match:
                    best = way.marks
                    best?[1] = place
                default: continue
                }
                // What stands behind a match is preferred less.
                break
            }
            swap(&current, &next)
            if current.ways.isEmpty, best != nil { break }
        }
        guard let best else { return .nothing }
        let ranges = stride(from: 2, to: best.count, by: 2).compactMap { slot -> Range<Int>? in
            best[slot] >= 0 && best[slot + 1] >= best[slot] ? best[slot]..<best[slot + 1] : nil
        }
        return .found(Found(whole: best[0]..<best[1], groups: ranges))
    }

    /// Adds everything that can be reached from a position without taking a character, in the order of preference.
    private func lead(
        _ start: Int, _ marks: [Int], _ place: Int, _ previous: Unicode.Scalar?, _ following: Unicode.Scalar?,
        _ ways: inout Ways
    ) {
        var pending = [(position: start, marks: marks)]
        while let (position, marks) = pending.popLast() {
            guard ways.visit(position) else { continue }
            switch instructions[position] {
            case .one, .match: ways.add(position, marks)
            case .jump(let target): pending.append((target, marks))
            case .split(let first, let second):
                pending.append((second, marks))
                pending.append((first, marks))
            case .assertion(let assertion):
                if Self.holds(assertion, previous, following) { pending.append((position + 1, marks)) }
            case .mark(let slot):
                var marks = marks
                marks[slot] = place
                pending.append((position + 1, marks))
            }
        }
    }

    /// The ways that are alive at one character, the preferred ones first, each with where its groups begin and end.
    private struct Ways {
        private(set) var ways: [(position: Int, marks: [Int])] = []
        private(set) var looks = 0
        private var visited: [Int]
        private var generation = 1

        init(capacity: Int) { visited = Array(repeating: 0, count: capacity) }

        mutating func visit(_ position: Int) -> Bool {
            looks += 1
            guard visited[position] != generation else { return false }
            visited[position] = generation
            return true
        }

        mutating func add(_ position: Int, _ marks: [Int]) { ways.append((position, marks)) }

        mutating func clear() {
            ways.removeAll(keepingCapacity: true)
            generation += 1
            looks = 0
        }
    }
}

extension Pattern {
    /// A match and its groups, as text.
    struct Match {
        var whole: Substring
        /// The groups that took part, in the order of their opening.
        var groups: [Substring]
    }

    /// The last of the matches of a text that follow one another; nil when the budget ran out, or there is none.
    func lastMatch(in text: String, budget: MatchingBudget) -> Match? {
        let scalars = Array(text.unicodeScalars)
        var last: PatternProgram.Found?
        var start = 0
        while start <= scalars.count {
            guard case .found(let found) = program.search(scalars, from: start, budget: budget) else { break }
            last = found
            start = max(found.whole.upperBound, start + (found.whole.isEmpty ? 1 : 0), found.whole.lowerBound + 1)
        }
        guard !budget.isSpent, let last else { return nil }
        func part(_ range: Range<Int>) -> Substring {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[range])
            return Substring(String(view))
        }
        return Match(whole: part(last.whole), groups: last.groups.map(part))
    }
}
