import ArgumentParser
import Forges
import Foundation
import Logging
import TestSupport
import UnixSignals

/// Runs a stub forge by itself: a forge for trying Pawl out, and the status callback of the quickstart.
@main
struct StubForgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stub-forge", abstract: "A forge on the loopback interface that records what it is told.")

    @Option(help: "Whose API it speaks: github, gitlab or git (only the status callback).")
    var kind: ForgeKind = .git

    @Option(help: "The port; 0 lets the system choose.")
    var port = 0

    @Option(help: "Where the repositories are kept; a folder that goes away with the process without it.")
    var folder: String?

    @Option(help: "A file with the secret that callbacks are signed with; without it, unsigned ones are taken.")
    var secretFile: String?

    @Option(help: "A file that the address is written to once the forge listens.")
    var addressFile: String?

    @Option(help: "A repository to begin with, owner/name.")
    var repository: [String] = []

    @Option(help: "A token that may read and write, as account:token.")
    var token: [String] = []

    func validate() throws {
        guard token.allSatisfy({ $0.contains(":") }) else { throw ValidationError("a token is account:token") }
        guard (0...65_535).contains(port) else { throw ValidationError("a port is 0 to 65535") }
    }

    func run() async throws {
        var settings = StubForge.Settings.checked(kind)
        settings.port = port
        settings.folder = folder
        settings.callbackSecret = try secretFile.map {
            try String(contentsOfFile: $0, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let forge = try await StubForge.start(kind, settings: settings)
        for path in repository { try await forge.createRepository(path) }
        for entry in token {
            let parts = entry.split(separator: ":", maxSplits: 1).map(String.init)
            _ = forge.createToken(for: parts[0], text: parts[1])
        }
        try addressFile.map { try (forge.url + "\n").write(toFile: $0, atomically: true, encoding: .utf8) }
        print("listening on \(forge.url)")
        for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { break }
        await forge.stop()
    }
}

extension ForgeKind: ExpressibleByArgument {}
