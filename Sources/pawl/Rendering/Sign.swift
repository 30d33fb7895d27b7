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

    /// Marks a job.
    init(_ job: JobView) {
        self =
            switch job.state {
            case .waiting, .ready: Mark(.waiting, "waiting")
            case .manual: Mark(.waiting, "manual")
            case .running: Mark(.running, "running")
            case .judging: Mark(.running, "judging")
            case .passed: Mark(.passed, "passed")
            case .failedAllowed: Mark(.attention, "failed")
            case .cancelled: Mark(.notRun, "cancelled")
            case .notRun: Mark(.notRun, "not run")
            case .failed: job.failure.map(Mark.init(_:)) ?? Mark(.failed, "failed")
            }
    }

    /// Marks a failure: the script's, the gate's or Pawl's.
    init(_ failure: FailureView) {
        self =
            switch failure.class {
            case .lost: Mark(.attention, "lost")
            case .image, .gpu, .system: Mark(.attention, "system")
            case .gate: Mark(.failed, "worse")
            case .timeout: Mark(.failed, "too long")
            case .noOutput: Mark(.failed, "silent")
            case .outOfMemory: Mark(.failed, "memory")
            case .cancelled: Mark(.notRun, "cancelled")
            case .script, .policy: Mark(.failed, "failed")
            }
    }

    /// Marks a pipeline.
    init(_ state: PipelineState) {
        switch state {
        case .held: self.init(.waiting, "held")
        case .notPlanned: self.init(.failed, "not planned")
        case .empty: self.init(.notRun, "nothing to run")
        case .running: self.init(.running, "running")
        case .manual: self.init(.waiting, "waiting")
        case .passed: self.init(.passed, "passed")
        case .failed: self.init(.failed, "failed")
        case .system: self.init(.attention, "Pawl's side")
        case .cancelled: self.init(.notRun, "cancelled")
        }
    }

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
