import PipelineModel
import Server

/// A sign that stands before a word. Colour only repeats it.
enum Sign: Sendable, CaseIterable {
    case passed, failed, running, waiting, proved, notRun, attention

    /// The sign, in what the terminal can show.
    func text(on terminal: Terminal) -> String {
        switch self {
        case .passed: terminal.isUnicode ? "✓" : "ok"
        case .failed: terminal.isUnicode ? "✗" : "FAIL"
        case .running: terminal.isUnicode ? "●" : "run"
        case .waiting: terminal.isUnicode ? "○" : "wait"
        case .proved: terminal.isUnicode ? "≡" : "same"
        case .notRun: terminal.isUnicode ? "–" : "-"
        case .attention: "!"
        }
    }

    /// The colour that repeats it.
    var colour: Colour {
        switch self {
        case .passed, .proved: .green
        case .failed: .red
        case .running: .blue
        case .waiting, .notRun: .grey
        case .attention: .yellow
        }
    }
}

/// A sign with its word, as jobs and pipelines are marked everywhere.
struct Mark: Hashable, Sendable {
    /// The sign.
    var sign: Sign
    /// The word beside it.
    var word: String

    /// Marks a state.
    init(_ state: StateWord) {
        let sign: Sign =
            switch state.tone {
            case .good: .passed
            case .same: .proved
            case .bad: .failed
            case .busy: .running
            case .idle: .waiting
            case .none: .notRun
            case .attention: .attention
            }
        self.init(sign, state.word)
    }

    /// Marks a job.
    init(_ job: JobView) { self.init(StateWord(job)) }

    /// Marks a job that was asked about.
    init(_ view: WhyView) { self.init(StateWord(view.state, failure: view.failure)) }

    /// Marks a pipeline.
    init(_ state: PipelineState) { self.init(StateWord(state)) }

    /// Pairs a sign with a word.
    init(_ sign: Sign, _ word: String) {
        self.sign = sign
        self.word = word
    }

    /// The sign and its word, without colour.
    func text(on terminal: Terminal) -> String {
        let sign = sign.text(on: terminal)
        // Without UTF-8 the sign is a word of its own, and "ok passed" says it twice.
        return terminal.isUnicode || !["ok", "FAIL", "run", "wait"].contains(sign) ? "\(sign) \(word)" : plain(sign)
    }

    private func plain(_ sign: String) -> String {
        switch word {
        case "passed": "ok"
        case "failed": "FAIL"
        case "running": "run"
        case "waiting": "wait"
        default: "\(sign) \(word)"
        }
    }
}
