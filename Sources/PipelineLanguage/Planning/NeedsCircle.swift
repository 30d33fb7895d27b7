/// Jobs each of which needs the next, and the last the first, so that none of them could ever start.
struct NeedsCircle: CustomStringConvertible {
    /// Their names, in the order of the needs.
    let names: [String]

    /// `a → b → a`.
    var description: String { (names + names.prefix(1)).joined(separator: " → ") }

    /// A circle among jobs, the one that is met first in their order; nil where every job can have its turn.
    ///
    /// Jobs that need themselves or what is not there are not its concern.
    static func first(among jobs: [(name: String, needs: [String])]) -> NeedsCircle? {
        let names = Set(jobs.map(\.name))
        var needs: [String: Set<String>] = [:]
        for job in jobs { needs[job.name] = Set(job.needs.filter { names.contains($0) && $0 != job.name }) }
        var dependants: [String: [String]] = [:]
        for (name, needed) in needs { for other in needed { dependants[other, default: []].append(name) } }
        // Takes away, again and again, the jobs whose needs are gone; what is left then goes in a circle.
        var free = needs.filter { $0.value.isEmpty }.map(\.key)
        while let name = free.popLast() {
            needs[name] = nil
            for dependant in dependants[name] ?? [] {
                needs[dependant]?.remove(name)
                if needs[dependant]?.isEmpty ?? false { free.append(dependant) }
            }
        }
        guard let start = jobs.map(\.name).first(where: { needs[$0] != nil }) else { return nil }
        return NeedsCircle(names: way(from: start, in: needs))
    }

    private static func way(from start: String, in needs: [String: Set<String>]) -> [String] {
        var way: [String] = []
        var seen: Set<String> = []
        var current = start
        while seen.insert(current).inserted {
            way.append(current)
            // Whatever is left needs something that is left too, so the way goes on until it meets itself.
            guard let next = needs[current]?.min() else { break }
            current = next
        }
        return Array(way.drop { $0 != current })
    }
}
