import Foundation
import TestSupport
import Testing

extension CrashTests {
    /// Rounds that a seed decides. `PAWL_CHAOS_SEED` and `PAWL_CHAOS_ROUNDS` choose others.
    @Suite("chaos", .needsRoot, .timeLimit(.minutes(max(5, ChaosRound.wanted))))
    struct Chaos {
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
            try await ChaosBench.lend { bench in
                var findings = ChaosFindings()
                do {
                    var running: [ChaosBench.Push] = []
                    for (index, round) in rounds.enumerated() {
                        begun.append("\(index + 1). \(round)")
                        running += try await bench.carryOut(round)
                        if round.overlaps { continue }
                        if await !bench.untilEnded(running, seconds: 90) { findings.note("a pipeline does not end") }
                        try await findings.look(at: running, of: bench)
                        running = []
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

        @Test("a server whose disk is full goes on when it has room again: nothing is lost or doubled")
        func fullDisk() async throws {
            try await ChaosBench.lend(disk: 64) { bench in
                let data = bench.base.server.data
                var findings = ChaosFindings()
                // Once before anything is there, and once while jobs run.
                for delay in [Duration.zero, .milliseconds(1_500)] {
                    async let before = bench.push(delay == .zero ? 0 : 1)
                    try await Task.sleep(for: delay)
                    try SmallDisk.fill(with: data + "/filler")
                    async let during = bench.push(1)
                    try await Task.sleep(for: .seconds(ChaosBench.lease / 2))
                    let pushes = try await before + during
                    try FileManager.default.removeItem(atPath: data + "/filler")
                    try await bench.makeUpForMissed(pushes)
                    if await !bench.untilEnded(pushes, seconds: 90) { findings.note("a pipeline does not end") }
                    try await findings.look(at: pushes, of: bench)
                }
                try await bench.wrapUp(&findings)
                let log = bench.base.server.log.suffix(6_000)
                #expect(findings.words.isEmpty, "\(findings.words.joined(separator: "\n"))\n\(log)")
            }
        }
    }
}
