/// Finds the name that was probably meant.
public enum NearestName {
    /// The closest of the names, when it is close enough to be worth a guess.
    public static func of(_ typed: String, among names: [String]) -> String? {
        let wanted = Array(typed.lowercased().prefix(64))
        let limit = max(1, wanted.count / 3)
        return names.prefix(1_000)
            .map { (name: $0, distance: distance(wanted, Array($0.lowercased().prefix(64)))) }
            .filter { $0.distance <= limit }
            .min { $0.distance < $1.distance }?.name
    }

    /// How many letters must be put in, left out, replaced or swapped with their neighbour.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                let isSwap = row > 0 && column > 0 && letter == right[column - 1] && left[row - 1] == other
                if isSwap { best = min(best, beforeLast[column - 1] + 1) }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
