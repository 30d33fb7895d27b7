import ArgumentParser
import Server

extension RunnerCommand {
    /// `pawl runner pause`
    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a runner no more jobs for a while; what it has goes on.",
            discussion: "Example: pawl runner pause gpu2")

        @Argument(help: "The runner's name.")
        var name: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            try await change(name, options) { $0.isPaused = true }
        }
    }

    /// `pawl runner resume`
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give jobs again to a runner that was paused or draining.",
            discussion: "Example: pawl runner resume gpu2")

        @Argument(help: "The runner's name.")
        var name: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            try await change(name, options) {
                $0.isPaused = false
                $0.isDraining = false
            }
        }
    }

    /// `pawl runner drain`
    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a runner no more jobs; its process ends when it has none.",
            discussion: "Example: pawl runner drain gpu2")

        @Argument(help: "The runner's name.")
        var name: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            try await change(name, options) { $0.isDraining = true }
        }
    }
}

extension AsyncParsableCommand {
    /// Changes a runner, and says what it does now.
    fileprivate func change(
        _ name: String, _ options: ClientOptions, _ edit: (inout RunnerChange) -> Void
    ) async throws {
        var change = RunnerChange()
        edit(&change)
        let view: RunnerView = try await options.client().change(
            "PATCH", "/api/runners", ["runner": name], body: change)
        try options.show(view) { RunnerRendering.standing(view, on: $0, now: .now) }
    }
}
