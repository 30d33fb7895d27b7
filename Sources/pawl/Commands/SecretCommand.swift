import ArgumentParser
import PipelineModel
import Server

/// `pawl secret`
struct SecretCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret", abstract: "Set, list and remove a repository's secrets.",
        discussion: "Example: pawl secret set churn DEPLOY_KEY --file < key.pem    pawl secret list churn",
        subcommands: [Set.self, List.self, Remove.self])

    /// `pawl secret set`
    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set a secret; its value comes from standard input.",
            usage: "pawl secret set <repository> <name> [<options>]",
            discussion: "Example: pawl secret set churn DEPLOY_KEY --file --protected < key.pem")

        @Argument(help: "The repository, such as ml/churn.")
        var repository: String

        @Argument(help: "The name a script sees.")
        var name: String

        @Flag(help: "Scripts get the path of a file that holds the value.")
        var file = false

        @Flag(help: "Only jobs on protected branches and tags get it.")
        var protected = false

        @Option(help: "Only jobs that deploy to this environment get it.")
        var environment: String?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let value = try SecretInput.read(prompt: "Value of \(name.printable), not echoed: ", isFile: file)
            let description = SecretDescription(
                name: name, kind: file ? .file : .variable, protectedOnly: protected, environment: environment)
            let view: SecretView = try await client.change(
                "PUT", "/api/secrets", ["repository": repository],
                body: SecretRequest(description: description, value: value.revealed))
            try options.show(view) { _ in ["\(name.printable) is set for \(repository.printable), from the next job on"]
            }
        }
    }

    /// `pawl secret list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List a repository's secrets, without their values.",
            discussion: "Example: pawl secret list churn")

        @Argument(help: "The repository, such as ml/churn.")
        var repository: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let view: SecretListView = try await options.client().get("/api/secrets", ["repository": repository])
            try options.show(view) { ListRendering.secrets(view, on: $0, now: .now) }
        }
    }

    /// `pawl secret rm`
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Remove a secret.", discussion: "Example: pawl secret rm churn DEPLOY_KEY")

        @Argument(help: "The repository, such as ml/churn.")
        var repository: String

        @Argument(help: "The secret's name.")
        var name: String

        @Option(help: "The environment it was set for.")
        var environment: String?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let answer: [String: String] = try await options.client().change(
                "DELETE", "/api/secrets", ["repository": repository, "name": name, "environment": environment])
            try options.show(answer) { _ in ["\(name.printable) is removed from \(repository.printable)"] }
        }
    }
}
