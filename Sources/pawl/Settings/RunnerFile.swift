import Foundation
import PipelineModel
import Yams

/// The settings of a runner on a machine of its own, read once from its file and the environment.
struct RunnerFile: Sendable {
    /// Where it is usually.
    static let usualPath = "/etc/pawl/runner.yml"
    /// Where a runner keeps its state usually.
    static let usualState = "/var/lib/pawl-runner"

    /// The server's address, without a slash at the end.
    var server: String
    /// The folder of the credential, mirrors and workspaces.
    var state: String
    /// The least severe log line that is written.
    var logLevel: String
    /// What it is like as a runner.
    var runner: Settings.Runner
    /// How long images stay that no job has used.
    var images: Duration
    /// How long mirrors stay that no job has used.
    var mirrors: Duration

    /// What it shows to the server.
    var credential: String { state + "/credential" }

    /// Reads a file.
    /// - Throws: `SettingsError` with every problem found.
    static func read(file path: String, environment: [String: String]) async throws -> RunnerFile {
        try await Settings.read(file: path, environment: environment, help: "pawl runner join writes one") {
            reader, keys in
            SettingsKey.refuseUnknown(keys, reader, among: SettingsKey.allOfMachine)
            let server = reader.url("runner.server")
            if server == nil { reader.problem("runner.server is missing: the server's address") }
            let file = RunnerFile(
                server: server ?? "", state: reader.path("runner.state") ?? usualState,
                logLevel: reader.choice("runner.log-level", of: ["debug", "info", "warning", "error"]) ?? "info",
                runner: Settings.Runner(reader), images: Settings.Retention.days("images", 14, reader),
                mirrors: Settings.Retention.days("mirrors", 90, reader))
            if !reader.problems.isEmpty { throw SettingsError(problems: reader.problems) }
            return file
        }
    }
}

/// The file as `pawl runner join` writes it.
struct NewRunnerFile: Encodable {
    struct Runner: Encodable {
        var server: String
        var name: String
        var slots: Int
        var tags: [String]
        var state: String
        var dockerSocket: String?
        var networkRange: String?
        var declaredGPUs: String?

        enum CodingKeys: String, CodingKey {
            case server, name, slots, tags, state
            case dockerSocket = "docker-socket"
            case networkRange = "network-range"
            case declaredGPUs = "declared-gpus"
        }
    }

    struct Data: Encodable { var path: String }

    var runner: Runner
    var dataFolders: [String]?
    var data: [String: Data]?

    enum CodingKeys: String, CodingKey {
        case runner, data
        case dataFolders = "data-folders"
    }

    /// The file's text.
    func text() throws -> String {
        "# Written by pawl runner join. Every key with its meaning: docs/settings.md\n"
            + (try YAMLEncoder().encode(self))
    }
}
