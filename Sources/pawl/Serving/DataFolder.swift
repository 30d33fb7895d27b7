import Foundation
import Logging
import PipelineModel
import Signing
import Store

/// Where everything lies in a server's data folder.
struct DataFolder: Sendable {
    /// The folder itself.
    let path: String

    init(_ path: String) { self.path = path }

    /// Opens sealed secrets. Kept apart from the database in backups.
    var sealingKey: String { path + "/sealing.key" }
    /// Bare copies of repositories.
    var mirrors: String { path + "/mirrors" }
    /// Bodies of webhooks that are not verified yet.
    var spool: String { path + "/spool" }
    /// What the embedded runner keeps: its id, and results the server has not got.
    var runner: String { path + "/runner" }
    /// The images that were pulled for jobs, with their last use.
    var pulledImages: String { path + "/pulled-images.json" }
    /// Where jobs' repositories are checked out.
    var workspaces: String { path + "/workspaces" }

    /// What the store is opened with.
    func storeSettings(
        pipelineURL: @escaping @Sendable (PipelineID) -> String? = { _ in nil }, statusJobLimit: Int = 30,
        tariff: Tariff? = nil, faults: FaultInjector = .none, logger: Logger = Logger(label: "pawl.store")
    ) -> StoreSettings {
        StoreSettings(
            folder: path, pipelineURL: pipelineURL, statusJobLimit: statusJobLimit, tariff: tariff, faults: faults,
            logger: logger)
    }

    /// The key that opens sealed secrets.
    func readSealingKey() throws -> SealingKey {
        guard let text = try? String(contentsOfFile: sealingKey, encoding: .utf8) else {
            throw CommandFailure(.failed, "\(sealingKey) cannot be read.  Put the key back, or: pawl init --data DIR")
        }
        return try SealingKey(encoded: text.trimmingSpaces)
    }
}
