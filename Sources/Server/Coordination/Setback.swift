import Forges
import GitRepositories
import PipelineModel
import Signing
import Store

/// What kept the server from finishing something. Whether trying again may help is decided here, and nowhere else.
struct Setback {
    /// What is to be expected of another try.
    enum Outlook {
        /// It may go well, without anybody changing anything.
        case passing
        /// It would fail in the same way.
        case lasting
        /// Nothing is known of such a failure.
        case unknown
    }

    /// What is to be expected.
    var outlook: Outlook
    /// What happened, in words.
    var message: String
    /// When whoever was asked wants to be asked again at the earliest.
    var retryAfter: Timestamp?

    /// Says what an error means.
    init(_ error: any Error) {
        switch error {
        case let error as ForgeError:
            self.init(error.isTransient ? .passing : .lasting, error.message, retryAfter: error.retryAfter)
        case let error as GitError: self.init(error.isTransient ? .passing : .lasting, error.message)
        case let error as StoreError:
            let isPassing = error.code == .unavailable || error.code == .damaged
            self.init(isPassing ? .passing : .lasting, error.message)
        case is SigningError: self.init(.lasting, "\(error)")
        case is CancellationError: self.init(.passing, "the server was stopped")
        default: self.init(.unknown, "\(error)")
        }
    }

    private init(_ outlook: Outlook, _ message: String, retryAfter: Timestamp? = nil) {
        self.outlook = outlook
        self.message = message
        self.retryAfter = retryAfter
    }
}
