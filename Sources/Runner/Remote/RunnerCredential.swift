import NIOConcurrencyHelpers
import PipelineModel

/// A runner's credential, in a file that only its account reads.
public final class RunnerCredential: Sendable {
    private let file: String
    private let text: NIOLockedValueBox<Redacted>

    /// Reads the credential of an earlier start.
    /// - Throws: `RunnerError.folder` where the file cannot be read.
    public init(file: String) throws {
        self.file = file
        let bytes = try PrivateFile.read(file, limit: 4 << 10)
        text = NIOLockedValueBox(Redacted(String(decoding: bytes, as: UTF8.self).trimmingSpaces))
    }

    /// Writes the credential of a runner that has just joined.
    /// - Throws: `RunnerError.folder` where it cannot be written; then it must not be used.
    public init(_ credential: Redacted, file: String) throws {
        self.file = file
        text = NIOLockedValueBox(credential)
        try write(credential)
    }

    /// What the runner shows.
    var current: Redacted { text.withLockedValue { $0 } }

    /// Replaces it, on disk before it is used: one that only memory had would lock the runner out after a crash.
    func replace(with credential: Redacted) throws {
        try write(credential)
        text.withLockedValue { $0 = credential }
    }

    private func write(_ credential: Redacted) throws {
        try PrivateFile.replace(file, with: Array((credential.revealed + "\n").utf8))
    }
}
