import Foundation
import TestSupport

extension ChaosBench {
    /// Carries one round out.
    /// - Returns: what was pushed.
    func carryOut(_ round: ChaosRound) async throws -> [Push] {
        let doomed = try await arm(round.action)
        async let pushing = push(round.pushes)
        try await Task.sleep(for: round.delay)
        if let doomed {
            let pushes = try await pushing
            // Where the point is not reached in time, it dies all the same.
            await Self.untilDead(doomed)
            try await revive(after: round.action)
            try await makeUpForMissed(pushes)
            return pushes
        }
        switch round.action {
        case .killServer(let seconds):
            await base.server.kill()
            try await Task.sleep(for: .seconds(seconds))
            try await startServer()
        case .restartServer: try await restartServer()
        case .killRunner(let index):
            await runners[index].kill()
            try await runners[index].start()
        case .loseRunner(let index):
            await runners[index].kill()
            try await outlast(try await pushing)
            try await runners[index].start()
        case .freezeRunner(let index):
            runners[index].signal(SIGSTOP)
            try await Task.sleep(for: .seconds(Self.lease / 3))
            runners[index].signal(SIGCONT)
        case .outlastRunner(let index):
            runners[index].signal(SIGSTOP)
            try await outlast(try await pushing)
            runners[index].signal(SIGCONT)
        case .restartRunner(let index): try await runners[index].restartInPlace()
        case .fillServer: try await fill(base.server.data)
        case .fillRunner(let index): try await fill(runners[index].state)
        case .spoilServer: try await BadDisk.give(to: base.server.process, for: ChaosAction.outage)
        case .spoilRunner(let index): try await BadDisk.give(to: runners[index].process, for: ChaosAction.outage)
        case .killEngine(let seconds):
            try await PrivateEngine.kill()
            try await Task.sleep(for: .seconds(seconds))
            try await PrivateEngine.start()
        case .freezeEngine: try await PrivateEngine.freeze(for: .seconds(Self.lease + 2))
        case .fillEngine: try await PrivateEngine.fillDisk(for: ChaosAction.outage)
        case .spoilEngine: try await BadDisk.give(to: PrivateEngine.daemon(), for: ChaosAction.outage)
        case .failServer, .failRunner: break
        }
        let pushes = try await pushing
        try await makeUpForMissed(pushes)
        return pushes
    }

    /// Fills the disk of a folder for a while.
    private func fill(_ folder: String) async throws {
        let filler = folder + "/filler"
        try SmallDisk.fill(with: filler)
        defer { try? FileManager.default.removeItem(atPath: filler) }
        try await Task.sleep(for: ChaosAction.outage)
    }

    /// Waits until every lease that a silent runner held has ended, and others have done what it did not.
    private func outlast(_ pushes: [Push]) async throws {
        try await Task.sleep(for: .seconds(Self.lease + 1))
        _ = await untilEnded(pushes, seconds: 3 * Self.lease)
    }

    /// Starts what is to die at a point again, with that fault.
    private func arm(_ action: ChaosAction) async throws -> PawlProcess? {
        switch action {
        case .failServer(let point, let count):
            await base.server.kill()
            do {
                return try await base.server.start(fault: "\(point.rawValue):\(count)")
            } catch is PawlProcess.Silence {
                // Of an earlier round there was enough left to die of.
                try await startServer()
                return nil
            }
        case .failRunner(let index, let point):
            await runners[index].kill()
            return try await runners[index].start(fault: point.rawValue)
        default: return nil
        }
    }

    private func revive(after action: ChaosAction) async throws {
        switch action {
        case .failServer: try await startServer()
        case .failRunner(let index, _): try await runners[index].start()
        default: break
        }
    }

    /// Waits until a process has died, and kills it where that takes long.
    private static func untilDead(_ process: PawlProcess) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await process.ended() }
            group.addTask { try? await Task.sleep(for: .seconds(8)) }
            await group.next()
            group.cancelAll()
        }
    }
}
