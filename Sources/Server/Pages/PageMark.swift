import PipelineModel

/// How a state looks on a page: a sign, a word, a tone. The words are those of the command line.
struct PageMark: Sendable {
    var sign: String
    var word: String
    /// `good`, `bad`, `busy`, `look` or `idle`, as the style sheet names them.
    var tone: String

    init(_ state: PipelineState) {
        self =
            switch state {
            case .held: PageMark("○", "held", "idle")
            case .notPlanned: PageMark("✗", "not planned", "bad")
            case .empty: PageMark("–", "nothing to run", "idle")
            case .running: PageMark("●", "running", "busy")
            case .manual: PageMark("○", "waiting", "idle")
            case .passed: PageMark("✓", "passed", "good")
            case .failed: PageMark("✗", "failed", "bad")
            case .system: PageMark("!", "Pawl's side", "look")
            case .cancelled: PageMark("–", "cancelled", "idle")
            }
    }

    init(_ job: JobView) {
        self =
            switch job.state {
            case .waiting, .ready: PageMark("○", "waiting", "idle")
            case .manual: PageMark("○", "manual", "idle")
            case .running: PageMark("●", "running", "busy")
            case .judging: PageMark("●", "judging", "busy")
            case .passed: PageMark("✓", "passed", "good")
            case .failedAllowed: PageMark("!", "failed", "look")
            case .cancelled: PageMark("–", "cancelled", "idle")
            case .notRun: PageMark("–", "not run", "idle")
            case .failed where job.failure?.isOurs == true: PageMark("!", "system", "look")
            case .failed where job.failure?.class == .gate: PageMark("✗", "worse", "bad")
            case .failed: PageMark("✗", "failed", "bad")
            }
    }

    init(_ attempt: AttemptView) {
        self =
            switch attempt.state {
            case .claimed, .running: PageMark("●", "running", "busy")
            case .passed: PageMark("✓", "passed", "good")
            case .cancelled: PageMark("–", "cancelled", "idle")
            case .givenBack: PageMark("–", "given back", "idle")
            case .lost: PageMark("!", "lost", "look")
            case .failed where attempt.failure?.isOurs == true: PageMark("!", "system", "look")
            case .failed: PageMark("✗", "failed", "bad")
            }
    }

    private init(_ sign: String, _ word: String, _ tone: String) {
        self.sign = sign
        self.word = word
        self.tone = tone
    }
}
