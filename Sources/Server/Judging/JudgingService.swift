import Evaluation
import Logging
import PipelineModel
import ServiceLifecycle
import Store

/// Judges the metrics of nodes whose jobs have ended. No transaction is held meanwhile; what has moved on before the verdict
/// is written is judged again. A restart goes on where the one before stood, for what waits is a state in the store.
public struct JudgingService: Service {
    /// How long at most until it looks again where a signal was lost.
    private static let rest = Duration.minutes(1)

    /// Plans the pipeline that gives a change something to be compared with.
    public typealias BaselinePlanning =
        @Sendable (_ node: String, _ commit: String, _ branch: String, StoredRepository) async throws -> NewPipeline

    private let store: Store
    private let baselines: BaselinePlanning?
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    /// Judges what waits in a store.
    /// - Parameter baselines: nil where nothing is ever trained only to compare with it.
    public init(
        store: Store, baselines: BaselinePlanning? = nil, now: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        self.store = store
        self.baselines = baselines
        self.now = now
        self.logger = logger
    }

    /// Judges until the service is stopped.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let seen = store.judgingReady.count
                await judgeAll()
                await store.judgingReady.wait(after: seen, atMost: Self.rest)
            }
        }
    }

    /// Judges everything that waits now. A pipeline that cannot be judged holds up no other.
    func judgeAll() async {
        do {
            for pipeline in try await store.judgingPipelines() { await judge(pipeline) }
        } catch {
            logger.error("what waits to be judged cannot be read", metadata: ["error": "\(error)"])
        }
    }

    private func judge(_ pipeline: PipelineID) async {
        do {
            for waiting in try await store.judgingCases(of: pipeline) {
                if try await awaitsBaseline(waiting) { continue }
                let verdict = Self.verdict(on: waiting)
                let words = VerdictWords(verdict).status
                let isWritten = try await store.record(verdict, words: words, for: waiting, now: now())
                logger.info(
                    isWritten ? "judged" : "a node moved on while it was judged",
                    metadata: [
                        "pipeline": "\(pipeline)", "node": "\(waiting.node)", "answer": "\(verdict.answer.rawValue)",
                    ])
            }
        } catch {
            logger.error("metrics were not judged", metadata: ["pipeline": "\(pipeline)", "error": "\(error)"])
        }
    }

    /// Whether a case is to be judged later, when there is something to compare it with; that is set going once.
    private func awaitsBaseline(_ waiting: JudgingCase) async throws -> Bool {
        guard let baselines else { return false }
        switch waiting.need {
        case .none: return false
        case .wait: return true
        case .train(let commit, let branch):
            guard let repository = try await store.repository(waiting.pipeline.repository) else { return false }
            let new = try await baselines(waiting.node, commit, branch, repository)
            guard case .created(let id) = try await store.createPipeline(new, finishing: nil, now: now()) else {
                return false
            }
            logger.info(
                "a baseline is trained", metadata: ["pipeline": "\(id)", "for": "\(waiting.pipeline.id)"])
            // One that could not even be planned has ended already: the next look judges without it.
            store.judgingReady.give()
            return true
        }
    }

    /// The verdict on a case. A change that runs fewer seeds than the target branch's gate asks for lacks the others.
    static func verdict(on waiting: JudgingCase) -> Verdict {
        var question = GateCase(rules: waiting.rules, settings: waiting.settings, candidate: waiting.candidate)
        if waiting.requiredSeeds > 1 {
            for seed in 1...waiting.requiredSeeds where question.candidate[seed] == nil {
                question.candidate[seed] = .some(nil)
            }
        }
        question.baseline = waiting.baseline
        question.release = waiting.release
        question.history = waiting.history
        question.look = waiting.look
        question.releaseLook = waiting.releaseLook
        question.mustShow = waiting.mustShow
        return GateJudge(question).verdict()
    }
}
