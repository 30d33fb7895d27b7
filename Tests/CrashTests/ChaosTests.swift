import Foundation
import Testing

extension CrashTests {
    /// Rounds that a seed decides. `PAWL_CHAOS_SEED` and `PAWL_CHAOS_ROUNDS` choose others.
    @Suite("chaos", .needsRoot, .privateEngine, .timeLimit(.minutes(max(8, ChaosRound.wanted))))
    struct Chaos {
        /// Says how far it is, at once: a thousand rounds take hours.
        private func progress(_ words: String) {
            FileHandle.standardError.write(Data("chaos: \(words)\n".utf8))
        }

        @Test("whatever dies, stands still or starts anew: no job of the pool is lost, doubled or left over")
        func pool() async throws {
            let rounds = ChaosRound.rounds(ChaosRound.wanted, runners: ChaosBench.runners, seed: ChaosRound.seed)
            var begun: [String] = []
            func report(_ findings: [String], _ bench: ChaosBench?) -> Comment {
                let logs = bench?.runners.map { "\($0.name):\n\($0.log.suffix(8_000))" } ?? []
                return """
                    PAWL_CHAOS_SEED=\(ChaosRound.seed) PAWL_CHAOS_ROUNDS=\(ChaosRound.wanted)
                    \(begun.joined(separator: "\n"))
                    \(findings.joined(separator: "\n"))
                    \(logs.joined(separator: "\n"))
                    """
            }
            try await ChaosBench.lend(engine: PrivateEngine.engine, disk: 256) { bench in
                var findings = ChaosFindings()
                do {
                    var running: [ChaosBench.Push] = []
                    var maySystemFail = false
                    for (index, round) in rounds.enumerated() {
                        begun.append("\(index + 1). \(round)")
                        progress("round \(index + 1) of \(rounds.count): \(round)")
                        maySystemFail = maySystemFail || round.action.maySystemFail
                        running += try await bench.carryOut(round)
                        if round.overlaps { continue }
                        if await !bench.untilEnded(running, seconds: 90) { findings.note("a pipeline does not end") }
                        try await findings.look(at: running, of: bench, maySystemFail: maySystemFail)
                        (running, maySystemFail) = ([], false)
                        // What goes wrong is best seen while it is fresh.
                        if !findings.words.isEmpty { break }
                    }
                    try await bench.wrapUp(&findings)
                } catch {
                    Issue.record(report(findings.words + ["\(error)"], bench))
                    throw error
                }
                #expect(findings.words.isEmpty, report(findings.words, bench))
            }
        }
    }
}
