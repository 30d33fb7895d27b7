import ArgumentParser
import FoundationEssentials
import HTTPTransport
import Server

/// What every command that speaks with the server takes.
struct ClientOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The server's address.", valueName: "url"))
    var server: String?

    @Flag(help: "Print one JSON object with the same facts.")
    var json = false

    /// The client for the server that was named or found.
    func client() throws -> APIClient {
        APIClient(settings: try ClientSettings.find(server: server), sender: HTTPClient.ofEnvironment())
    }

    /// Prints a view as JSON, or as lines for people.
    func show(_ view: some Encodable, as lines: (Terminal) -> [String]) throws {
        if json {
            Output.line(try Self.jsonText(view))
        } else {
            Output.lines(lines(.standardOutput()))
        }
    }

    /// A view as the JSON that `docs/api.md` documents.
    static func jsonText(_ view: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(view), as: UTF8.self)
    }
}
