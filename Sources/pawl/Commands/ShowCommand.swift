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
        let screen = FollowScreen(on: terminal, isSilent: json)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Between changes only the durations of what runs go on; the server need not tell them.
            if terminal.isInteractive && !json {
                group.addTask { while (try? await Task.sleep(for: .seconds(1))) != nil { await screen.tick() } }
            }
            try await client.follow(id) { view in
                await screen.show(view)
                let isStuck = [.held, .manual].contains(view.pipeline.state)
                return view.pipeline.state.isEnded || isStuck ? .stop : .goOn
            }
            group.cancelAll()
        }
        guard let last = await screen.finish() else {
            throw CommandFailure(.unreached, "the server ended the connection.  pawl show \(id)")
        }
        if json {
            Output.line(try ClientOptions.jsonText(last))
        } else {
            Output.lines(PipelineRendering(last, on: terminal).lines())
        }
        return CommandFailure.Status(of: last.pipeline.state)
    }
}

/// The changing lines of a followed pipeline, drawn by its changes and by the clock.
private actor FollowScreen {
    private let terminal: Terminal
    private let isSilent: Bool
    private var live: LiveView
    private var journal: PipelineJournal
    private var last: (view: PipelineDetailView, since: ContinuousClock.Instant)?

    init(on terminal: Terminal, isSilent: Bool) {
        self.terminal = terminal
        self.isSilent = isSilent
        live = LiveView(on: terminal)
        journal = PipelineJournal(terminal: terminal)
    }

    /// Shows a change.
    func show(_ view: PipelineDetailView) {
        last = (view, .now)
        guard !isSilent else { return }
        let events = journal.events(of: view)
        live.show(PipelineRendering(view, on: terminal).liveLines(), events: events)
    }

    /// Draws again what runs, later than when it was told.
    func tick() {
        guard let last else { return }
        let now = last.view.at + (ContinuousClock.now - last.since)
        live.show(PipelineRendering(last.view, on: terminal, now: now).liveLines(), events: [])
    }

    /// Takes the changing lines away, and gives what was told last.
    func finish() -> PipelineDetailView? {
        live.clear()
        return last?.view
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
            let facts = [mark, duration, JobText(job, of: view).text.printable].filter { !$0.isEmpty }
            lines.append(
                terminal.shown("\(terminal.time(view.at))  \(job.name.printable)  \(facts.joined(separator: "  "))"))
        }
        return lines
    }
}
