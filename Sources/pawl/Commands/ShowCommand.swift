import ArgumentParser
import PipelineModel
import Server

/// `pawl show`
struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a pipeline and its jobs.",
        discussion: "Example: pawl show 128    pawl show --follow (the newest pipeline of HEAD)")

    @Argument(help: "A pipeline, such as 128; without one, the newest of HEAD.")
    var pipeline: String?

    @Flag(name: .shortAndLong, help: "Stay until it has ended; the exit status is the pipeline's.")
    var follow = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        let target = try await Target.find(pipeline, with: client)
        guard follow else {
            return try options.show(target.view) { PipelineRendering(target.view, on: $0).lines() }
        }
        let follower = PipelineFollower(client: client, json: options.json)
        let status = try await follower.follow(target.id)
        if status != .done { throw CommandFailure(status) }
    }
}

/// Shows a pipeline while it runs, and says how it ended.
struct PipelineFollower: Sendable {
    let client: APIClient
    let json: Bool

    /// Follows until the pipeline has ended, or only a person can get it further.
    func follow(_ id: PipelineID) async throws -> CommandFailure.Status {
        let terminal = Terminal.standardOutput()
        var live = LiveView(on: terminal)
        var journal = PipelineJournal(terminal: terminal)
        var last: PipelineDetailView?
        try await client.follow(id) { view in
            last = view
            if !json {
                let events = journal.events(of: view)
                live.show(PipelineRendering(view, on: terminal).liveLines(), events: events)
            }
            let isStuck = [.held, .manual].contains(view.pipeline.state)
            return view.pipeline.state.isEnded || isStuck ? .stop : .goOn
        }
        guard let last else { throw CommandFailure(.unreached, "the server ended the connection.  pawl show \(id)") }
        if json {
            Output.line(try ClientOptions.jsonText(last))
        } else {
            live.clear()
            Output.lines(PipelineRendering(last, on: terminal).lines())
        }
        return CommandFailure.Status(of: last.pipeline.state)
    }
}

/// What to append, line by line, where nothing can be rewritten: each change of a job once.
struct PipelineJournal: Sendable {
    let terminal: Terminal
    private var states: [String: JobView] = [:]

    init(terminal: Terminal) { self.terminal = terminal }

    /// The changes since the last call, each on a line that begins with the time.
    mutating func events(of view: PipelineDetailView) -> [String] {
        var lines: [String] = []
        for job in view.jobs {
            defer { states[job.name] = job }
            let before = states[job.name]
            guard before?.state != job.state || before?.attempts.count != job.attempts.count else { continue }
            guard before != nil || job.state != .waiting else { continue }
            let mark = Mark(job).text(on: terminal)
            let duration = job.state.isEnded ? job.duration(at: view.at)?.text ?? "" : ""
            let facts = [mark, duration, JobText(job, id: view.pipeline.id).text.printable].filter { !$0.isEmpty }
            lines.append(
                terminal.shown("\(terminal.time(view.at))  \(job.name.printable)  \(facts.joined(separator: "  "))"))
        }
        return lines
    }
}
