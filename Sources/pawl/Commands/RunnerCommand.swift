import ArgumentParser
import PipelineModel
import Server

/// `pawl runner`
struct RunnerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runner", abstract: "Look after the pool of runners, and be one.",
        discussion: "Example: pawl runner list    pawl runner token --tags gpu --for 1h",
        subcommands: [
            List.self, Show.self, Edit.self, Pause.self, Resume.self, Drain.self, Check.self, Remove.self, Token.self,
        ] + machineCommands)

    /// `pawl runner list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the runners of the pool, with what they have and do.",
            discussion: "Example: pawl runner list --json")

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let view: RunnerListView = try await options.client().get("/api/runners")
            try options.show(view) { RunnerRendering.list(view.runners, on: $0, now: .now) }
        }
    }

    /// `pawl runner show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a runner: its machine, its GPUs, whom it serves, its jobs.",
            discussion: "Example: pawl runner show gpu2")

        @Argument(help: "The runner's name.")
        var name: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let list: RunnerListView = try await options.client().get("/api/runners", ["runner": name])
            guard let view = list.runners.first else { throw CommandFailure(.failed, "the server's answer is empty") }
            try options.show(view) { RunnerRendering.runner(view, on: $0, now: .now) }
        }
    }

    /// `pawl runner edit`
    struct Edit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change what a runner offers and whom it serves.", usage: "pawl runner edit <name> [<options>]",
            discussion: "Example: pawl runner edit gpu3 --tags h100,gpu --repository ml/churn --no-forks")

        @Argument(help: "The runner's name.")
        var name: String

        @Option(help: "What jobs may ask for by tags, with commas between; '' for none.")
        var tags: String?

        @Option(help: "How many jobs it carries out at once.")
        var slots: Int?

        @Option(help: "A repository it serves, and no others. May be repeated.")
        var repository: [String] = []

        @Flag(help: "Serve all repositories again.")
        var allRepositories = false

        @Flag(inversion: .prefixedNo, help: "Whether it serves protected branches and tags alone.")
        var protectedOnly: Bool?

        @Flag(inversion: .prefixedNo, help: "Whether it serves commits of forks.")
        var forks: Bool?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            var change = RunnerChange()
            change.tags = tags.map(TagList.read)
            change.slots = slots
            change.repositories = allRepositories ? [] : repository.isEmpty ? nil : repository
            change.protectedOnly = protectedOnly
            change.forks = forks
            guard change != RunnerChange() else {
                throw CommandFailure(.usage, "nothing to change.  pawl runner edit --help")
            }
            let view: RunnerView = try await options.client().change(
                "PATCH", "/api/runners", ["runner": name], body: change)
            try options.show(view) { RunnerRendering.runner(view, on: $0, now: .now) }
        }
    }

    /// `pawl runner remove`
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a runner out of the pool, at once. Its jobs are tried again elsewhere.",
            discussion: "Example: pawl runner drain gpu2, and when it is idle: pawl runner remove gpu2")

        @Argument(help: "The runner's name.")
        var name: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let view: [String: String] = try await options.client().change(
                "DELETE", "/api/runners", ["runner": name])
            try options.show(view) { _ in ["\(name.printable) is out of the pool; its credential is worth nothing now"]
            }
        }
    }

    /// `pawl runner check`
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let GPUs serve again that were set aside, where their machine sees them well.",
            discussion: "Example: pawl runner check gpu2    pawl runner check gpu2:0")

        @Argument(help: "The runner, or one GPU of it: gpu2:0.")
        var device: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let (name, index) = Self.parts(device)
            let view: RunnerCheckView = try await options.client().change(
                "POST", "/api/runners/check", ["runner": name, "gpu": index])
            try options.show(view) { RunnerRendering.check(view, on: $0) }
            if view.gpus.contains(where: { $0.state == .setAside }) { throw CommandFailure(.failed) }
        }

        /// A runner's name and the number of a GPU, where there is one behind the last colon.
        static func parts(_ text: String) -> (name: String, index: String?) {
            guard let colon = text.lastIndex(of: ":"), Int(text[text.index(after: colon)...]) != nil else {
                return (text, nil)
            }
            return (String(text[..<colon]), String(text[text.index(after: colon)...]))
        }
    }

    /// `pawl runner token`
    struct Token: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token that machines join the pool with, and say what to do there.",
            usage: "pawl runner token [<options>]", discussion: "Example: pawl runner token --tags gpu --for 1h")

        @Option(help: "What jobs may ask for by tags of runners that join so, with commas between.")
        var tags = ""

        @Option(name: .customLong("for"), help: "How long machines may join with it: 30m, 1h, 7d.")
        var lifetime: TimeSpan = TimeSpan(.hours(1))

        @Option(help: "How many jobs each carries out at once.")
        var slots: Int?

        @Option(help: "A repository they serve, and no others. May be repeated.")
        var repository: [String] = []

        @Flag(help: "Serve protected branches and tags alone.")
        var protectedOnly = false

        @Flag(help: "Serve no commits of forks.")
        var noForks = false

        @Flag(help: "Each takes one job and goes.")
        var ephemeral = false

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let request = JoinTokenRequest(
                tags: TagList.read(tags), slots: slots, repositories: repository, protectedOnly: protectedOnly,
                forks: !noForks, isEphemeral: ephemeral, seconds: Int(lifetime.duration.components.seconds))
            let view: JoinTokenView = try await client.change("POST", "/api/runners/token", body: request)
            try options.show(view) { _ in RunnerRendering.token(view, server: client.settings.server) }
        }
    }
}

/// Tags as they are written in an option.
enum TagList {
    /// The tags between commas.
    static func read(_ text: String) -> [String] {
        text.split(separator: ",").map(\.trimmingSpaces).filter { !$0.isEmpty }
    }
}

/// A time span as it is written in an option: `90s`, `30m`, `1h`, `7d`.
struct TimeSpan: ExpressibleByArgument, CustomStringConvertible {
    /// How long it is.
    var duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let unit = argument.last.flatMap({ units[$0] }), let count = Int64(argument.dropLast()), count > 0,
            count <= 1_000_000
        else { return nil }
        duration = .seconds(count * unit)
    }

    var description: String {
        duration.components.seconds % 3_600 == 0
            ? "\(duration.components.seconds / 3_600)h" : "\(duration.components.seconds)s"
    }
}
