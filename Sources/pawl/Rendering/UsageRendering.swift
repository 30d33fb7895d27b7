import PipelineModel
import Server

/// Draws what pipelines and repositories used.
enum UsageRendering {
    /// `spent  0.81 GPU-hours   3.24 CPU-hours   peak 17.2 GiB`, with a line before it; nothing where nothing ended yet.
    static func spent(_ view: PipelineDetailView, on terminal: Terminal) -> [String] {
        let used = view.jobs.flatMap(\.attempts).compactMap(\.usage)
        guard !used.isEmpty else { return [] }
        let words = words(used.reduce(AttemptUsage(), +), withGPU: used.contains { $0.gpuMs > 0 })
        return [
            "",
            terminal.shown(("  spent      " + words.joined(separator: "   ")).cut(to: terminal.width, on: terminal)),
        ]
    }

    private static func words(_ usage: AttemptUsage, withGPU: Bool) -> [String] {
        var words: [String] = []
        if withGPU { words.append("\(GPUTime.text(ofHours: usage.gpuHours)) GPU-hours") }
        words.append(usage.cpuMs.map { "\(Duration.milliseconds($0).text) of CPU" } ?? "")
        words.append("\(Duration.milliseconds(usage.wallMs).text) on runners")
        words.append(usage.peakMemory.map { "peak \($0.memoryText)" } ?? "")
        let bytes = usage.uploaded.bytes + usage.downloaded.bytes
        if bytes > 0 { words.append("\(ByteCount(bytes: bytes).text) moved") }
        return words.filter { !$0.isEmpty }
    }

    /// A month, a line for each repository.
    static func month(_ view: UsageListView, on terminal: Terminal) -> [String] {
        guard !view.repositories.isEmpty else { return ["no repositories yet:  pawl repo add URL"] }
        var table = Table(alignments: [.left, .right, .right, .right, .right, .right])
        table.add(["repository", "GPU-hours", "CPU", "on runners", "attempts", "moved", ""])
        for repository in view.repositories {
            let usage = repository.usage
            let moved = ByteCount(bytes: usage.uploaded.bytes + usage.downloaded.bytes)
            table.add([
                Table.Cell(repository.repository),
                Table.Cell(gpuHours(repository.gpuHours, of: repository.gpuHourBudget)),
                Table.Cell(Duration.milliseconds(usage.cpuMs ?? 0).text),
                Table.Cell(Duration.milliseconds(usage.wallMs).text), Table.Cell("\(repository.attempts)"),
                Table.Cell(moved.text),
                Table.Cell(
                    repository.gpuHourOverride.map {
                        "\(GPUTime.text(ofHours: $0.hours)) more: \($0.reason) (\($0.by))"
                    } ?? ""),
            ])
        }
        return ["\(view.month) (UTC)", ""] + table.lines(on: terminal)
    }

    /// `61 of 80 GPU-hours` where there is a budget or anything was used.
    static func gpuHours(of repository: RepositoryView) -> String {
        let spent = repository.gpuHours ?? 0
        guard repository.settings.gpuHourBudget != nil || spent > 0 else { return "" }
        return gpuHours(spent, of: repository.settings.gpuHourBudget) + " GPU-hours"
    }

    private static func gpuHours(_ spent: Double, of budget: Double?) -> String {
        let text = GPUTime.text(ofHours: spent)
        return budget.map { "\(text) of \(GPUTime.text(ofHours: $0))" } ?? text
    }
}
