import Evaluation
import PipelineModel
import Server

/// Draws what pipelines and repositories used.
enum UsageRendering {
    /// `spent  0.81 GPU-hours   3.24 CPU-hours   peak 17.2 GiB`, with a line before it; nothing where nothing ended yet.
    static func spent(_ view: PipelineDetailView, on terminal: Terminal) -> [String] {
        guard let used = view.usage else { return [] }
        var words = SpentWords.parts(used, withGPU: used.gpuMs > 0)
        let bytes = used.uploaded.bytes + used.downloaded.bytes
        if bytes > 0 { words.append("\(ByteCount(bytes: bytes).text) moved") }
        return [
            "",
            terminal.shown(("  spent      " + words.joined(separator: "   ")).cut(to: terminal.width, on: terminal)),
        ]
    }

    /// A month, a line for each repository.
    static func month(_ view: UsageListView, on terminal: Terminal) -> [String] {
        guard !view.repositories.isEmpty else { return ["no repositories yet:  pawl repo add URL"] }
        let costs = view.repositories.contains { $0.usage.cost != nil || $0.usage.energyJ != nil }
        var table = Table(alignments: [.left] + Array(repeating: .right, count: costs ? 7 : 5))
        table.add(
            ["repository", "GPU-hours", "CPU", "on runners", "attempts", "moved"] + (costs ? ["energy", "cost"] : [])
                + [""])
        for repository in view.repositories {
            let usage = repository.usage
            let moved = ByteCount(bytes: usage.uploaded.bytes + usage.downloaded.bytes)
            table.add(
                [
                    Table.Cell(repository.repository),
                    Table.Cell(gpuHours(repository.gpuHours, of: repository.gpuHourBudget)),
                    Table.Cell(Duration.milliseconds(usage.cpuMs ?? 0).text),
                    Table.Cell(Duration.milliseconds(usage.wallMs).text), Table.Cell("\(repository.attempts)"),
                    Table.Cell(moved.text),
                ] + (costs ? energyAndCost(usage) : []) + [
                    Table.Cell(
                        repository.gpuHourOverride.map {
                            "\(GPUTime.text(ofHours: $0.hours)) more: \($0.reason) (\($0.by))"
                        } ?? "")
                ])
        }
        return ["\(view.month) (UTC)", ""] + table.lines(on: terminal)
    }

    private static func energyAndCost(_ usage: AttemptUsage) -> [Table.Cell] {
        let energy = usage.kilowattHours.map { "\(NumberText.of($0, decimals: 2)) kWh" }
        return [Table.Cell(energy ?? ""), Table.Cell(usage.cost.map(SpentWords.amount) ?? "")]
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
