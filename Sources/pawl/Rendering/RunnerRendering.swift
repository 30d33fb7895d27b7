import PipelineModel
import Server

/// Draws runners, their GPUs and the tokens they join with.
enum RunnerRendering {
    static func list(_ runners: [RunnerView], on terminal: Terminal, now: Timestamp) -> [String] {
        guard !runners.isEmpty else { return ["no runners yet:  pawl runner token --tags gpu"] }
        var table = Table()
        for runner in runners {
            let mark = mark(runner, on: terminal, now: now)
            let jobs = runner.running.map { "\($0.pipeline)/\($0.job)" }.joined(separator: ", ")
            table.add([
                Table.Cell(runner.name), Table.Cell(mark.text(on: terminal), mark.sign.colour),
                Table.Cell(runner.tags.isEmpty ? "-" : runner.tags.joined(separator: ", ")),
                Table.Cell(gpuSummary(runner.gpus)), Table.Cell(runner.version ?? "-"), Table.Cell(jobs),
            ])
        }
        return table.lines(on: terminal)
    }

    static func standing(_ runner: RunnerView, on terminal: Terminal, now: Timestamp) -> [String] {
        let mark = mark(runner, on: terminal, now: now)
        let line = "\(runner.name.printable)  \(terminal.coloured(mark.text(on: terminal), mark.sign.colour))"
        guard !runner.running.isEmpty else { return [line] }
        let jobs = runner.running.map { "\($0.pipeline)/\($0.job)".printable }.joined(separator: ", ")
        return [terminal.shown("\(line)    \(jobs) goes on")]
    }

    static func runner(_ runner: RunnerView, on terminal: Terminal, now: Timestamp) -> [String] {
        let mark = mark(runner, on: terminal, now: now)
        var table = Table()
        table.add(["machine", Table.Cell(machine(runner))])
        for gpu in runner.gpus {
            let gpuMark = self.mark(gpu, on: terminal, now: now)
            table.add([
                Table.Cell("GPU \(gpu.index)"),
                Table.Cell("\(gpu.model) \(gpu.memory.memoryText), \(shortened(gpu.uuid)), driver \(gpu.driver)"),
                Table.Cell(gpuMark.text(on: terminal), gpuMark.sign.colour),
            ])
            if let reason = gpu.reason { table.add(["", Table.Cell("  " + reason)]) }
        }
        if !runner.data.isEmpty { table.add(["data", Table.Cell(runner.data.joined(separator: ", "))]) }
        table.add(["tags", Table.Cell(runner.tags.isEmpty ? "none" : runner.tags.joined(separator: ", "))])
        table.add(["serves", Table.Cell(scope(runner))])
        for job in runner.running {
            let gpus = job.gpus.isEmpty ? "" : ", GPU \(job.gpus.map(String.init).joined(separator: ", "))"
            table.add(["running", Table.Cell("\(job.pipeline)/\(job.job), \((now - job.since).text)\(gpus)")])
        }
        var lines = [
            "\(runner.name.printable)  \(terminal.coloured(mark.text(on: terminal), mark.sign.colour))"
                + (runner.isEmbedded ? "  inside the server" : runner.isEphemeral ? "  for one job" : "")
        ]
        lines += table.lines(on: terminal)
        if runner.gpus.contains(where: { $0.state == .setAside }) {
            lines += ["", "  when a card was looked after:  pawl runner check \(runner.name.printable)"]
        }
        return lines
    }

    static func check(_ view: RunnerCheckView, on terminal: Terminal) -> [String] {
        guard !view.gpus.isEmpty else { return ["no GPU of \(view.runner.printable) is set aside"] }
        var table = Table(indent: 0)
        for gpu in view.gpus {
            let isAside = gpu.state == .setAside
            let mark = isAside ? Mark(.attention, "set aside") : Mark(.passed, "serves again")
            table.add([
                Table.Cell("\(view.runner):\(gpu.index)"), Table.Cell(mark.text(on: terminal), mark.sign.colour),
                Table.Cell(isAside ? "its machine does not see it well: \(gpu.reason ?? "")" : ""),
            ])
        }
        return table.lines(on: terminal)
    }

    static func token(_ view: JoinTokenView, server: String) -> [String] {
        let address = (view.server ?? server).printable
        return [
            "  on the machine, as root (30 lines of shell, worth reading; the token pins the program):",
            "  curl -fsSO \(address)/join && sh join \(view.token.printable)",
        ]
    }

    /// The sign of a runner, with what it does.
    private static func mark(_ runner: RunnerView, on terminal: Terminal, now: Timestamp) -> Mark {
        switch runner.state {
        case .idle: Mark(.waiting, "idle")
        case .running: Mark(.running, "\(runner.running.count) running")
        case .paused: Mark(.attention, "paused" + rest(runner))
        case .draining: Mark(.attention, "draining" + rest(runner))
        case .away:
            Mark(.attention, "away" + (runner.awaySince.map { " since \(terminal.moment($0, now: now))" } ?? ""))
        }
    }

    private static func rest(_ runner: RunnerView) -> String {
        runner.running.isEmpty ? "" : ", \(runner.running.count) running"
    }

    /// The sign of a GPU, with why a job cannot have it.
    private static func mark(_ gpu: RunnerGPUView, on terminal: Terminal, now: Timestamp) -> Mark {
        switch gpu.state {
        case .free: return Mark(.passed, "free")
        case .busy: return Mark(.running, "busy" + (gpu.job.map { ": \($0)" } ?? ""))
        case .foreign: return Mark(.attention, "left alone")
        case .setAside:
            let since = gpu.since.map { " since \(terminal.moment($0, now: now))" } ?? ""
            return Mark(.attention, "set aside\(since)")
        }
    }

    /// Such as `2 × L4 24 GiB: 1 free, 1 busy`.
    private static func gpuSummary(_ gpus: [RunnerGPUView]) -> String {
        guard let first = gpus.first else { return "-" }
        let words: [(RunnerGPUView.State, String)] = [
            (.free, "free"), (.busy, "busy"), (.foreign, "left alone"), (.setAside, "set aside"),
        ]
        let counts = words.compactMap { state, word -> String? in
            let count = gpus.filter { $0.state == state }.count
            return count == 0 ? nil : "\(count) \(word)"
        }
        let isOneKind = gpus.allSatisfy { $0.model == first.model && $0.memory == first.memory }
        let kind = isOneKind ? "\(first.model) \(first.memory.memoryText)" : "GPUs"
        return "\(gpus.count) × \(kind): \(counts.joined(separator: ", "))"
    }

    private static func machine(_ runner: RunnerView) -> String {
        let parts = [
            runner.engine, runner.cpus.map { "\(Int($0)) CPUs" }, runner.memory?.memoryText,
            "\(runner.slots) \(runner.slots == 1 ? "slot" : "slots")", runner.version.map { "pawl \($0)" },
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }

    private static func scope(_ runner: RunnerView) -> String {
        let repositories =
            runner.repositories.isEmpty ? "every repository" : runner.repositories.joined(separator: ", ")
        let refs = runner.protectedOnly ? ", protected refs only" : runner.forks ? ", forks too" : ", no forks"
        return repositories + refs
    }

    /// A device's name as people know it again: its first letters.
    private static func shortened(_ uuid: String) -> String { uuid.count > 12 ? "\(uuid.prefix(8))…" : uuid }
}
