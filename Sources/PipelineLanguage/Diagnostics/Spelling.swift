/// Guesses what a misspelt name was meant to be.
enum Spelling {
    /// ` Did you mean "train"?` when one of the names is close, else nothing.
    static func suggestion(for name: String, among names: some Sequence<String>) -> String {
        guard let best = closest(to: name, among: names) else { return "" }
        return " Did you mean \"\(best)\"?"
    }

    /// The closest name within a third of the length, at most 3 changes; the first in order when several are as close.
    static func closest(to name: String, among names: some Sequence<String>) -> String? {
        guard name.utf8.count <= 64 else { return nil }
        let allowed = min(3, max(1, name.count / 3))
        var best: (name: String, distance: Int)?
        for candidate in names where candidate.utf8.count <= 64 && candidate != name {
            guard abs(candidate.count - name.count) <= allowed else { continue }
            let distance = distance(Array(name.lowercased()), Array(candidate.lowercased()))
            guard distance <= allowed else { continue }
            if let known = best, (known.distance, known.name) <= (distance, candidate) { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    /// Changes between two words: a letter put in, left out or replaced, or two neighbours swapped.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 1...left.count {
            var current = [row] + Array(repeating: 0, count: right.count)
            for column in 1...right.count {
                let cost = left[row - 1] == right[column - 1] ? 0 : 1
                current[column] = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + cost)
                let swapped =
                    row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1]
                if swapped { current[column] = min(current[column], beforeLast[column - 2] + 1) }
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
