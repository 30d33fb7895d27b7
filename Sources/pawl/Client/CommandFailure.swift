import PipelineModel
import Store

/// Why a command did not do what was asked: one readable line, and how the process ends.
struct CommandFailure: Error, Sendable, CustomStringConvertible {
    /// How the process ends.
    enum Status: Int32, Sendable {
        /// As wished.
        case done = 0
        /// It failed.
        case failed = 1
        /// The command was used wrongly.
        case usage = 2
        /// The server refused.
        case refused = 3
        /// The server was not reached.
        case unreached = 4
        /// It still waits.
        case waiting = 5
    }

    /// How the process ends.
    var status: Status
    /// What went wrong and what helps; nil when everything was said already.
    var message: String?

    init(_ status: Status, _ message: String? = nil) {
        self.status = status
        self.message = message
    }

    /// How a command ends that opened the data folder itself.
    init(store error: StoreError) {
        switch error.code {
        case .inUse: self.init(.refused, "\(error.message.printable)  systemctl stop pawl")
        case .refused: self.init(.refused, error.message.printable)
        default: self.init(.failed, error.message.printable)
        }
    }

    /// The message.
    var description: String { message ?? "" }
}

extension CommandFailure.Status {
    /// How a command that followed a pipeline ends.
    init(of state: PipelineState) {
        switch state {
        case .passed, .empty: self = .done
        case .failed, .system, .cancelled, .notPlanned: self = .failed
        case .held, .manual, .running: self = .waiting
        }
    }
}
