import ArgumentParser
import PipelineModel
import Server
import Store

/// `pawl token`
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Create, list and revoke tokens for this API.",
        discussion: "Example: pawl token create bot --scope run    pawl token list",
        subcommands: [Create.self, List.self, Revoke.self])

    /// `pawl token create`
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a token. It is printed once, alone on standard output.",
            discussion: "Example: pawl token create ci-bot --scope run > token")

        @Argument(help: "A name to know it by.")
        var name: String

        @Option(help: "read, run or admin; each includes those before it.")
        var scope: TokenScope = .read

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let view: NewTokenView = try await options.client().change(
                "POST", "/api/tokens", body: TokenRequest(name: name, scope: scope))
            if !options.json {
                Output.complaint(
                    "token \(view.id), \(view.name.printable), scope \(view.scope.rawValue); not shown again")
            }
            try options.show(view) { _ in [view.token] }
        }
    }

    /// `pawl token list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List tokens, without their texts.", discussion: "Example: pawl token list")

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let view: TokenListView = try await options.client().get("/api/tokens")
            try options.show(view) { ListRendering.tokens(view.tokens, on: $0, now: .now) }
        }
    }

    /// `pawl token revoke`
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a token, at once and for good.", discussion: "Example: pawl token revoke 3")

        @Argument(help: "The token's number.  pawl token list")
        var number: Int64

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let view: TokenView = try await options.client().change("DELETE", "/api/tokens/\(number)")
            try options.show(view) { _ in ["token \(view.id), \(view.name.printable), is revoked"] }
        }
    }
}

extension TokenScope: ExpressibleByArgument {}
