import ArgumentParser
import PipelineModel
import Server

/// `pawl list`
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List pipelines, newest first.",
        discussion: "Example: pawl list churn --limit 5")

    @Argument(help: "Only this repository's, such as ml/churn.")
    var repository: String?

    @Option(help: "How many, 1 to 500.")
    var limit = 20

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let view: PipelineListView = try await options.client().get(
            "/api/pipelines", ["repository": repository, "limit": String(limit)])
        try options.show(view) { ListRendering.pipelines(view.pipelines, on: $0, now: .now) }
    }
}

/// `pawl version`
struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Say which pawl this is.",
        discussion: "Example: pawl version --remote")

    @Flag(help: "Ask the server as well.")
    var remote = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        var view = CommandVersionView(version: Version.text)
        guard remote else { return try options.show(view) { _ in ["pawl \(Version.text)"] } }
        let client = try options.client()
        let server: VersionView = try await client.get("/api/version")
        view.server = server
        view.address = client.settings.server
        try options.show(view) { _ in
            ["pawl \(Version.text), server \(server.version.printable) on \(client.settings.server.printable)"]
        }
    }
}

/// Which pawl answers here, and which there.
struct CommandVersionView: Codable {
    /// This command's version.
    var version: String
    /// The server's, where it was asked.
    var server: VersionView?
    /// The server's address, where it was asked.
    var address: String?
}

/// Which pawl this is.
enum Version {
    /// The version's number.
    static let text = "0.1.0"
}
