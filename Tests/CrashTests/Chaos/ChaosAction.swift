import Foundation
import PipelineModel
import TestSupport

/// What is done to a pool while jobs run in it.
enum ChaosAction: Sendable, CustomStringConvertible {
    /// The server is killed, and started again after so many seconds.
    case killServer(seconds: Int)
    /// The server becomes a new process in place.
    case restartServer
    /// The server dies at a point, when it comes there for the n-th time.
    case failServer(FaultPoint, Int)
    /// A runner is killed and started again at once.
    case killRunner(Int)
    /// A runner is killed, and started again when its lease has ended and others have done its work.
    case loseRunner(Int)
    /// A runner stands still for less than its lease.
    case freezeRunner(Int)
    /// A runner stands still until its lease has ended and others have done its work, and goes on then.
    case outlastRunner(Int)
    /// A runner becomes a new process in place.
    case restartRunner(Int)
    /// A runner dies at a point.
    case failRunner(Int, FaultPoint)
    /// The disk of the server is full for a while.
    case fillServer
    /// The disk of a runner is full for a while.
    case fillRunner(Int)
    /// The disk of the server answers with errors for a while.
    case spoilServer
    /// The disk of a runner answers with errors for a while.
    case spoilRunner(Int)
    /// The engine's daemon is killed, and started again after so many seconds.
    case killEngine(seconds: Int)
    /// The engine's daemon stands still for longer than a lease.
    case freezeEngine
    /// The engine's disk is full for a while.
    case fillEngine
    /// The engine's disk answers with errors for a while.
    case spoilEngine

    /// How many kinds there are.
    static let kinds = 17
    /// How long a disk is full or bad.
    static let outage = Duration.seconds(3)
    private static let ofRunner: [FaultPoint] = [.containerStarted, .resultSpooled]

    /// An action of a kind, with everything else drawn.
    static func draw(kind: Int, runners: Int, from generator: inout SeededGenerator) -> ChaosAction {
        let runner = Int.random(in: 0..<runners, using: &generator)
        switch kind {
        case 0: return .killServer(seconds: Bool.random(using: &generator) ? 0 : 2)
        case 1: return .restartServer
        case 2:
            let points = FaultPoint.allCases.filter { !ofRunner.contains($0) }
            let point = points[Int.random(in: 0..<points.count, using: &generator)]
            // There is one delivery and one pipeline for each push, and of the rest there is one for each job at least.
            let most = [.deliveryCommitted, .planned].contains(point) ? 1 : 4
            return .failServer(point, Int.random(in: 1...most, using: &generator))
        case 3: return .killRunner(runner)
        case 4: return .loseRunner(runner)
        case 5: return .freezeRunner(runner)
        case 6: return .outlastRunner(runner)
        case 7: return .restartRunner(runner)
        case 8: return .failRunner(runner, ofRunner[Int.random(in: 0..<ofRunner.count, using: &generator)])
        case 9: return .fillServer
        case 10: return .fillRunner(runner)
        case 11: return .spoilServer
        case 12: return .spoilRunner(runner)
        case 13: return .killEngine(seconds: Bool.random(using: &generator) ? 0 : 2)
        case 14: return .freezeEngine
        case 15: return .fillEngine
        default: return .spoilEngine
        }
    }

    /// Whether an attempt may fail of it on Pawl's side: what its machine or its engine lost is not known to anybody.
    var maySystemFail: Bool {
        switch self {
        case .fillRunner, .spoilRunner, .killEngine, .freezeEngine, .fillEngine, .spoilEngine: true
        default: false
        }
    }

    var description: String {
        switch self {
        case .killServer(let seconds): "kill the server, start it after \(seconds) s"
        case .restartServer: "restart the server in place"
        case .failServer(let point, let count): "server dies at \(point.rawValue):\(count)"
        case .killRunner(let index): "kill runner \(index + 1), start it at once"
        case .loseRunner(let index): "kill runner \(index + 1) for longer than its lease"
        case .freezeRunner(let index): "stop runner \(index + 1) for less than its lease"
        case .outlastRunner(let index): "stop runner \(index + 1) for longer than its lease"
        case .restartRunner(let index): "restart runner \(index + 1) in place"
        case .failRunner(let index, let point): "runner \(index + 1) dies at \(point.rawValue)"
        case .fillServer: "the server's disk is full"
        case .fillRunner(let index): "the disk of runner \(index + 1) is full"
        case .spoilServer: "the server's disk answers with EIO"
        case .spoilRunner(let index): "the disk of runner \(index + 1) answers with EIO"
        case .killEngine(let seconds): "kill the engine, start it after \(seconds) s"
        case .freezeEngine: "stop the engine for longer than a lease"
        case .fillEngine: "the engine's disk is full"
        case .spoilEngine: "the engine's disk answers with EIO"
        }
    }
}

/// One round: pushes, and one action in the midst of what they cause.
struct ChaosRound: Sendable, CustomStringConvertible {
    var pushes: Int
    var action: ChaosAction
    /// How long after the first push begins.
    var delay: Duration
    /// Whether the next round begins while this one's pipelines run.
    var overlaps: Bool

    /// The seed: `PAWL_CHAOS_SEED`, else always the same.
    static let seed = number("PAWL_CHAOS_SEED") ?? 4
    /// How many rounds there are to be: `PAWL_CHAOS_ROUNDS`, else as many as there are kinds of actions.
    static let wanted = number("PAWL_CHAOS_ROUNDS").map(Int.init) ?? ChaosAction.kinds

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    var description: String {
        "\(pushes) pushed, after \(delay): \(action)\(overlaps ? "; the next at once" : "")"
    }

    /// The rounds of a seed. Every kind of action comes once before one comes twice. No two rounds in a row leave their
    /// pipelines to the next, so that no job can lose all of its attempts.
    static func rounds(_ count: Int, runners: Int, seed: UInt64) -> [ChaosRound] {
        var generator = SeededGenerator(seed: seed)
        var kinds: [Int] = []
        var rounds: [ChaosRound] = []
        for number in 0..<count {
            if kinds.isEmpty { kinds = (0..<ChaosAction.kinds).shuffled(using: &generator) }
            let pushes = Int.random(in: 1...2, using: &generator)
            let delay = Duration.milliseconds(Int.random(in: 0...2_500, using: &generator))
            let overlaps = Bool.random(using: &generator) && rounds.last?.overlaps != true && number < count - 1
            rounds.append(
                ChaosRound(
                    pushes: pushes,
                    action: .draw(kind: kinds.removeLast(), runners: runners, from: &generator), delay: delay,
                    overlaps: overlaps))
        }
        return rounds
    }
}
