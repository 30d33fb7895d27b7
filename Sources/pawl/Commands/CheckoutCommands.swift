import ArgumentParser
import PipelineLanguage
import PipelineModel
import Server

/// For which event a checkout is planned.
struct EventOptions: ParsableArguments {
    @Option(help: "The branch it is planned for; without one, the checkout's.")
    var branch: String?

    @Flag(help: "Plan for a pull request instead of a push.")
    var pullRequest = false

    @Option(name: .shortAndLong, help: ArgumentHelp("A variable that wins over the file's.", valueName: "NAME=value"))
    var variable: [String] = []

    /// The variables, read.
    func variables() throws -> [Variable] {
        try variable.map { text in
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw CommandFailure(.usage, "\"\(text.printable)\" is no variable: write NAME=value")
            }
            return Variable(String(text[..<equals]), String(text[text.index(after: equals)...]), expands: false)
        }
    }
}

/// `pawl lint`
struct LintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Check the pipeline file of this checkout. Nothing leaves this machine.",
        usage: "pawl lint [<folder>] [<options>]",
        discussion: "Example: pawl lint    pawl lint --pull-request --branch lr-warmup")

    @Argument(help: "The checkout; without one, the folder you are in.")
    var folder = "."

    @OptionGroup var event: EventOptions

    @Flag(help: "Print one JSON object with the same facts.")
    var json = false

    func run() async throws {
        let checkout = try Checkout(folder: folder)
        let view = LintView(try checkout.plan(event), file: checkout.pipelineFile)
        let terminal = Terminal.standardOutput()
        if json {
            Output.line(try ClientOptions.jsonText(view))
        } else {
            Output.lines(view.lines(on: terminal))
        }
        if view.errors > 0 { throw CommandFailure(.failed) }
    }
}

/// What `lint` found.
struct LintView: Codable, Sendable {
    /// The file that was read.
    var file: String
    /// How many jobs it gives for the event.
    var jobs: Int
    /// How many mistakes there are.
    var errors: Int
    /// How many warnings there are.
    var warnings: Int
    /// Why nothing is to run here, where nothing is.
    var reason: String?
    /// Mistakes and warnings in the order of their places.
    var diagnostics: [Diagnostic]

    init(_ step: PlanningStep, file: String) {
        self.file = file
        jobs = 0
        switch step {
        case .planned(let plan):
            jobs = plan.jobs.count
            diagnostics = plan.warnings
        case .nothing(let reason, let warnings):
            self.reason = reason
            diagnostics = warnings
        case .refused(let found): diagnostics = found
        case .needsFiles(let paths):
            diagnostics = [
                Diagnostic(.error, "These files are included and cannot be had: \(paths.joined(separator: ", "))")
            ]
        }
        errors = diagnostics.filter { $0.severity == .error }.count
        warnings = diagnostics.count - errors
    }

    /// Every mistake with its line, and what they come to.
    func lines(on terminal: Terminal) -> [String] {
        diagnostics.flatMap { DiagnosticRendering($0, on: terminal).lines() } + [terminal.shown(summary)]
    }

    /// `4 jobs read, 0 errors, 1 warning`. A file with a mistake gives no jobs that could be counted.
    var summary: String {
        func count(_ number: Int, _ noun: String) -> String { number == 1 ? "1 \(noun)" : "\(number) \(noun)s" }
        let read = errors == 0 ? "\(count(jobs, "job")) read, " : "\(file.printable) read, "
        let nothing = reason.map { "; nothing to run here: \($0.printable)" } ?? ""
        return "\(read)\(count(errors, "error")), \(count(warnings, "warning"))\(nothing)"
    }
}

/// `pawl plan`
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show which jobs an event would make of this checkout.",
        usage: "pawl plan [<folder>] [<options>]",
        discussion: "Example: pawl plan --branch main    pawl plan --pull-request --json")

    @Argument(help: "The checkout; without one, the folder you are in.")
    var folder = "."

    @OptionGroup var event: EventOptions

    @Flag(help: "Print the plan as one JSON object.")
    var json = false

    func run() async throws {
        let checkout = try Checkout(folder: folder)
        let step = try checkout.plan(event)
        let terminal = Terminal.standardOutput()
        let found = LintView(step, file: checkout.pipelineFile)
        if json {
            var view = PlanView(event: checkout.describe(event), found: found)
            if case .planned(let plan) = step { view.plan = plan }
            Output.line(try ClientOptions.jsonText(view))
        } else if case .planned(let plan) = step {
            Output.lines(
                PlanRendering.lines(plan, file: checkout.pipelineFile, event: checkout.describe(event), on: terminal))
        } else {
            Output.lines(found.lines(on: terminal))
        }
        if found.errors > 0 { throw CommandFailure(.failed) }
    }
}

/// What `plan` found: the plan where there is one, and why not where there is none.
struct PlanView: Codable, Sendable {
    /// The event in words.
    var event: String
    /// What was found on the way, as `lint` says it.
    var found: LintView
    /// The plan; nil where nothing is to run, or the file is refused.
    var plan: Plan?
}

/// Draws a plan: its jobs in order, with what each waits for.
enum PlanRendering {
    static func lines(_ plan: Plan, file: String, event: String, on terminal: Terminal) -> [String] {
        let count = plan.jobs.count == 1 ? "1 job" : "\(plan.jobs.count) jobs"
        var table = Table(indent: 4)
        for job in plan.jobs {
            var facts: [String] = []
            if let needs = job.needs {
                facts.append(needs.isEmpty ? "at once" : "needs \(needs.map(\.job).joined(separator: ", "))")
            }
            switch job.when {
            case .onSuccess: break
            case .onFailure: facts.append("only after a failure")
            case .always: facts.append("always")
            case .delayed: facts.append("after \(job.startIn?.text ?? "a while")")
            case .manual: facts.append("by hand")
            }
            if job.allowFailure == .always { facts.append("may fail") }
            if let environment = job.environment { facts.append("to \(environment.name)") }
            if !job.tags.isEmpty { facts.append("tags \(job.tags.joined(separator: ", "))") }
            table.add([
                Table.Cell(job.name), Table.Cell(job.stage), Table.Cell(facts.joined(separator: "; ")),
                Table.Cell(job.image?.name ?? ""),
            ])
        }
        let warnings = plan.warnings.flatMap { DiagnosticRendering($0, on: terminal, indent: 2).lines() }
        return [terminal.shown("\(file.printable) for \(event.printable): \(count)"), ""] + table.lines(on: terminal)
            + (warnings.isEmpty ? [] : [""] + warnings)
    }
}
