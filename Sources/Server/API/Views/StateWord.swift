import PipelineModel

/// How a state is called, and what kind of news it is: the same on the command line and on the pages.
public struct StateWord: Hashable, Sendable {
    /// What kind of news a state is. Each has a sign and a colour wherever it is shown.
    public enum Tone: Sendable, CaseIterable {
        /// As wished.
        case good
        /// As wished, and not run: an earlier attempt stands for it.
        case same
        /// The repository's own failure.
        case bad
        /// Under way.
        case busy
        /// Nothing happens, and something is waited for.
        case idle
        /// Nothing happened, and nothing will.
        case none
        /// A person should look: Pawl's side failed, or a failure was allowed.
        case attention
    }

    /// What kind of news it is.
    public var tone: Tone
    /// The word.
    public var word: String

    private init(_ tone: Tone, _ word: String) {
        self.tone = tone
        self.word = word
    }

    /// Of a pipeline.
    public init(_ state: PipelineState) {
        self =
            switch state {
            case .held: Self(.idle, "held")
            case .notPlanned: Self(.bad, "not planned")
            case .empty: Self(.none, "nothing to run")
            case .running: Self(.busy, "running")
            case .manual: Self(.idle, "waiting")
            case .passed: Self(.good, "passed")
            case .failed: Self(.bad, "failed")
            case .system: Self(.attention, "Pawl's side")
            case .cancelled: Self(.none, "cancelled")
            }
    }

    /// Of a job, by its state and the class of its failure.
    public init(_ state: JobState, failure: FailureClass?) {
        self =
            switch state {
            case .waiting, .proving, .ready: Self(.idle, "waiting")
            case .proved: Self(.same, "proved")
            case .manual: Self(.idle, "manual")
            case .running: Self(.busy, "running")
            case .judging: Self(.busy, "judging")
            case .passed: Self(.good, "passed")
            case .failedAllowed: Self(.attention, "failed")
            case .cancelled: Self(.none, "cancelled")
            case .notRun: Self(.none, "not run")
            case .failed: failure.map(Self.init(_:)) ?? Self(.bad, "failed")
            }
    }

    /// Of a job.
    public init(_ job: JobView) { self.init(job.state, failure: job.failure?.class) }

    /// Of an attempt.
    public init(_ attempt: AttemptView) {
        self =
            switch attempt.state {
            case .claimed, .running: Self(.busy, "running")
            case .passed: Self(.good, "passed")
            case .cancelled: Self(.none, "cancelled")
            case .givenBack: Self(.none, "given back")
            case .lost: Self(.attention, "lost")
            case .failed: attempt.failure.map { Self($0.class) } ?? Self(.bad, "failed")
            }
    }

    /// Of a failure: the script's, the gate's or Pawl's.
    public init(_ failure: FailureClass) {
        self =
            switch failure {
            case .lost: Self(.attention, "lost")
            case .image, .gpu, .system: Self(.attention, "system")
            case .gate: Self(.bad, "worse")
            case .timeout: Self(.bad, "too long")
            case .noOutput: Self(.bad, "silent")
            case .outOfMemory: Self(.bad, "memory")
            case .outOfDisk: Self(.bad, "disk")
            case .noRunner: Self(.bad, "no runner")
            case .cancelled: Self(.none, "cancelled")
            case .script, .policy: Self(.bad, "failed")
            }
    }
}

extension StateWord.Tone {
    /// The sign that stands before a word, wherever there is UTF-8.
    var sign: String {
        switch self {
        case .good: "✓"
        case .same: "≡"
        case .bad: "✗"
        case .busy: "●"
        case .idle: "○"
        case .none: "–"
        case .attention: "!"
        }
    }
}
