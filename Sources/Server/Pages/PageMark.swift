import PipelineModel

/// How a state looks on a page: a sign, a word, a tone.
struct PageMark: Sendable {
    var sign: String
    var word: String
    /// `good`, `bad`, `busy`, `look` or `idle`, as the style sheet names them.
    var tone: String

    init(_ state: PipelineState) { self.init(StateWord(state)) }

    init(_ job: JobView) { self.init(StateWord(job)) }

    init(_ attempt: AttemptView) { self.init(StateWord(attempt)) }

    private init(_ state: StateWord) {
        word = state.word
        sign = state.tone.sign
        tone =
            switch state.tone {
            case .good, .same: "good"
            case .bad: "bad"
            case .busy: "busy"
            case .idle, .none: "idle"
            case .attention: "look"
            }
    }
}
