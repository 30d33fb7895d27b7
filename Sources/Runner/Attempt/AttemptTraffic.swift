import NIOConcurrencyHelpers
import PipelineModel

/// How many bytes an attempt has brought to the server and fetched from it.
final class AttemptTraffic: Sendable {
    private let counts = NIOLockedValueBox<(uploaded: Int64, downloaded: Int64)>((0, 0))

    /// What was brought.
    var uploaded: ByteCount { ByteCount(bytes: counts.withLockedValue { $0.uploaded }) }

    /// What was fetched.
    var downloaded: ByteCount { ByteCount(bytes: counts.withLockedValue { $0.downloaded }) }

    /// Counts what was brought.
    func addUploaded(_ size: ByteCount) { counts.withLockedValue { $0.uploaded += size.bytes } }

    /// Counts what was fetched.
    func addDownloaded(_ size: ByteCount) { counts.withLockedValue { $0.downloaded += size.bytes } }
}
