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
        usage: "pawl init --data <folder> [<options>]",
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

    @Flag(help: "Let the client file point here though it names another server; that one's token is lost with it.")
    var replaceClientFile = false

    @Flag(help: "List every setting with its meaning, and make nothing.")
    var explain = false

    @Flag(help: "Print one JSON object with the same facts.")
    var json = false

    func validate() throws {
        if !explain && data == nil { throw ValidationError("--data is missing.  pawl init --data /var/lib/pawl") }
    }

    func run() async throws {
        guard !explain, let data else { return Self.explainSettings() }
        let folder = URL(fileURLWithPath: data).path
        let settings = folder + "/pawl.yml"
        guard !FileManager.default.fileExists(atPath: settings) else {
            throw CommandFailure(.refused, "\(settings) is there already.  pawl serve --config \(settings)")
        }
        let token: String
        do {
            token = try await Self.makeData(folder: folder)
        } catch let error as StoreError {
            throw CommandFailure(store: error)
        }
        try PrivateFile.write(Self.firstSettings(listen: listen), to: settings)
        let path = clientFile ?? ClientSettings.filePath(environment: ProcessInfo.processInfo.environment)
        let client = try ClientSettings.File(server: "http://\(listen)", token: token)
            .offer(to: path == "none" ? nil : path, replacing: replaceClientFile)
        let view = InitView(
            settings: settings, sealingKey: folder + "/sealing.key", tokenFile: folder + "/admin.token",
            clientFile: client.written, keptClientFile: client.kept, token: token)
        if json { return Output.line(try ClientOptions.jsonText(view)) }
        // A script gets the token alone; what a person should know goes where a person reads it.
        guard isatty(STDOUT_FILENO) == 1 else {
            if let kept = view.keptLine { Output.complaint("pawl: \(kept)") }
            return Output.line(token)
        }
        Output.lines(view.lines())
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

/// What `init` made.
struct InitView: Codable {
    /// The settings file.
    var settings: String
    /// The file with the key that opens the secrets.
    var sealingKey: String
    /// The file with the first token.
    var tokenFile: String
    /// The client file that leads to the new server; nil where none was written.
    var clientFile: String?
    /// The client file that was left alone because it leads to another server.
    var keptClientFile: String?
    /// The first token, with scope admin.
    var token: String

    func lines() -> [String] {
        let also = clientFile.map { ", also in \($0)" } ?? ""
        return [
            "  settings     \(settings)",
            "  sealing key  \(sealingKey)   back it up apart from the data: it opens the secrets",
            "  token        \(tokenFile)   scope admin\(also)",
        ] + (keptLine.map { ["", "  ! \($0)"] } ?? []) + ["", "  next         pawl serve --config \(settings)"]
    }

    /// What there is to say of a client file that was left alone.
    var keptLine: String? {
        keptClientFile.map {
            "\($0) names another server and stays.  PAWL_TOKEN_FILE=\(tokenFile), or pawl init --replace-client-file"
        }
    }
}
