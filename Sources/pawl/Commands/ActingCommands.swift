import ArgumentParser
import PipelineModel
import Server

/// `pawl retry`
struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Run a job again, or all that failed, or with more seeds.",
        usage: "pawl retry [<target>] [<options>]",
        discussion: "Example: pawl retry 126/test    pawl retry 126 --failed    pawl retry 128/train --more-seeds 5")

    @Argument(help: "A job, such as 126/test; or with --failed a pipeline, such as 126.")
    var target: String?

    @Flag(help: "Run every failed job of the pipeline again.")
    var failed = false

    @Flag(help: "Run a job again that its gate failed. No seed that counted is dropped for it.")
    var anyway = false

    @Option(help: "Add so many seeds to those there are: to a job, or to all that the pipeline's gates judge.")
    var moreSeeds: Int?

    @Flag(help: "Run a job though an earlier attempt proves that it need not.")
    var fresh = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let clock = ContinuousClock()
        let client = try options.client()
        let found = try await Target.find(target, with: client)
        let start = clock.now
        if failed && found.job != nil {
            throw CommandFailure(.usage, "--failed is for a whole pipeline:  pawl retry \(found.id) --failed")
        }
        if failed && moreSeeds != nil {
            throw CommandFailure(.usage, "--failed runs again what failed, --more-seeds adds to it: one of the two")
        }
        if fresh && (failed || moreSeeds != nil) {
            throw CommandFailure(.usage, "--fresh is for one job:  pawl retry \(found.id)/JOB --fresh")
        }
        let job = failed || moreSeeds != nil ? found.job?.name : try found.requireJob(for: "retry").name
        let view: ChangeView
        do {
            view = try await client.change(
                "POST", "/api/pipelines/\(found.id)/retry",
                [
                    "job": job, "failed": failed ? "true" : nil, "anyway": anyway ? "true" : nil,
                    "more-seeds": moreSeeds.map(String.init),
                    "fresh": fresh ? "true" : nil,
                ])
        } catch let failure as CommandFailure where failure.status == .refused {
            throw CommandFailure(.refused, "not queued: \(failure.description)")
        }
        let took = clock.now - start
        try options.show(view) { ChangeRendering.lines(view, took: took, on: $0) }
    }
}

/// `pawl play`
struct PlayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "play", abstract: "Start a job that waits for a person.",
        discussion: "Example: pawl play 128/deploy")

    @Argument(help: "A job, such as 128/deploy.")
    var job: String

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        let found = try await Target.find(job, with: client)
        let name = try found.requireJob(for: "play").name
        let view: ChangeView = try await client.change("POST", "/api/pipelines/\(found.id)/play", ["job": name])
        try options.show(view) { ChangeRendering.lines(view, took: nil, on: $0) }
    }
}

/// `pawl cancel`
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Stop a pipeline or one job of it.",
        discussion: "Example: pawl cancel 128    pawl cancel 128/train")

    @Argument(help: "A pipeline, such as 128, or a job, such as 128/train.")
    var target: String

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        let found = try await Target.find(target, with: client)
        let view: ChangeView = try await client.change(
            "POST", "/api/pipelines/\(found.id)/cancel", ["job": found.job?.name])
        try options.show(view) { ChangeRendering.lines(view, took: nil, on: $0) }
    }
}

/// `pawl approve`
struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Let a fork's pipeline run, for the commit it has now.",
        discussion: "Example: pawl approve 131    pawl approve 131 --commit 7fd1a60")

    @Argument(help: "A pipeline that is held, such as 131.")
    var pipeline: String

    @Option(help: "The commit that you looked at; refused when the pipeline has another.")
    var commit: String?

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        let found = try await Target.find(pipeline, with: client)
        let shown = found.view.pipeline.commit
        if let commit, commit.count < 7 || !shown.hasPrefix(commit.lowercased()) {
            throw CommandFailure(
                .refused,
                "#\(found.id) is for \(shown.prefix(7)), not \(commit.printable): look again.  pawl show \(found.id)")
        }
        let view: ChangeView = try await client.change(
            "POST", "/api/pipelines/\(found.id)/approve", ["commit": shown])
        try options.show(view) { ChangeRendering.lines(view, took: nil, on: $0) }
    }
}

/// `pawl override`
struct OverrideCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "override", abstract: "Let a pipeline pass although its gate says no.",
        discussion: "Example: pawl override 128 --reason \"hotfix for the outage, retrain tonight\"")

    @Argument(help: "A pipeline, such as 128.")
    var pipeline: String

    @Option(help: "Why. It stays in the report, with your name.")
    var reason: String

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        let found = try await Target.find(pipeline, with: client)
        let view: PipelineDetailView = try await client.change(
            "POST", "/api/pipelines/\(found.id)/override", ["reason": reason])
        try options.show(view) { PipelineRendering(view, on: $0).lines() }
    }
}

/// `pawl run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Make a pipeline without a push.", usage: "pawl run <repository> [<options>]",
        discussion: "Example: pawl run churn --ref main --variable EPOCHS=20 --follow")

    @Argument(help: "The repository, such as ml/churn.")
    var repository: String

    @Option(help: "A branch, a tag or a commit; without one, the default branch.")
    var ref: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("A variable that wins over the file's.", valueName: "NAME=value"))
    var variable: [String] = []

    @Flag(name: .shortAndLong, help: "Stay until it has ended.")
    var follow = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let variables = try variable.map { text in
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw CommandFailure(.usage, "\"\(text.printable)\" is no variable: write NAME=value")
            }
            return Variable(String(text[..<equals]), String(text[text.index(after: equals)...]), expands: false)
        }
        let client = try options.client()
        let view: PipelineDetailView = try await client.change(
            "POST", "/api/pipelines", body: RunRequest(repository: repository, ref: ref, variables: variables))
        guard follow else {
            return try options.show(view) { PipelineRendering(view, on: $0).lines() }
        }
        let status = try await PipelineFollower(client: client, json: options.json).follow(view.pipeline.id)
        if status != .done { throw CommandFailure(status) }
    }
}
