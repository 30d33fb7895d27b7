import ArgumentParser
import Foundation
import PipelineModel
import Signing
import Store

/// `pawl init`: makes a data folder with its settings file, sealing key and first token.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a data folder: settings file, sealing key, first token.",
        discussion: """
            Example:
              pawl init --data /var/lib/pawl
              pawl serve --config /var/lib/pawl/pawl.yml
            """)

    @Option(help: "The data folder to make.")
    var data: String?

    @Option(help: "host:port the server will listen on.")
    var listen = "127.0.0.1:8470"

    @Option(help: "The file that tells this account's pawl commands where the server is; \"none\" writes none.")
    var clientFile: String?

    @Flag(help: "List every setting with its meaning, and make nothing.")
    var explain = false

    func validate() throws {
        if !explain && data == nil { throw ValidationError("--data is missing.  pawl init --data /var/lib/pawl") }
    }

    func run() async throws {
        guard !explain, let data else { return Self.explainSettings() }
        let folder = URL(fileURLWithPath: data).path
        let settings = folder + "/pawl.yml"
        guard !FileManager.default.fileExists(atPath: settings) else {
            throw SettingsError(problems: ["\(settings) is there already.  pawl serve --config \(settings)"])
        }
        let token = try await Self.makeData(folder: folder)
        try PrivateFile.write(Self.firstSettings(listen: listen), to: settings)
        let client = clientFile ?? ClientSettings.filePath(environment: ProcessInfo.processInfo.environment)
        if client != "none" {
            try ClientSettings.File(server: "http://\(listen)", token: token).write(to: client)
        }
        // A script gets the token alone.
        guard isatty(STDOUT_FILENO) == 1 else { return Output.line(token) }
        Output.lines([
            "  settings     \(settings)",
            "  sealing key  \(folder)/sealing.key   back it up apart from the data: it opens the secrets",
            "  token        \(folder)/admin.token   scope admin\(client == "none" ? "" : ", also in \(client)")",
            "", "  next         pawl serve --config \(settings)",
        ])
    }

    /// Makes the folder, the key and the first token.
    private static func makeData(folder: String) async throws -> String {
        let store = try await Store.open(DataFolder(folder).storeSettings(), now: .wall)
        try PrivateFile.write(try SealingKey().encoded + "\n", to: folder + "/sealing.key")
        let token = try AccessToken.make()
        _ = try await store.addToken(
            name: "admin", hash: try AccessToken.storedHash(of: token), scope: .admin, now: .wall)
        try PrivateFile.write(token + "\n", to: folder + "/admin.token")
        try store.close()
        return token
    }

    private static func firstSettings(listen: String) -> String {
        """
        # Pawl's settings. Every key with its meaning: pawl init --explain
        server:
          listen: \(listen)
          # url: https://pawl.example.com
        forges: [git]
        forge:
          git: {kind: git}
        runner:
          name: local

        """
    }

    private static func explainSettings() {
        let width = SettingsKey.all.map(\.key.count).max() ?? 0
        for (key, meaning) in SettingsKey.all {
            Output.line(key.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + meaning)
        }
    }
}
