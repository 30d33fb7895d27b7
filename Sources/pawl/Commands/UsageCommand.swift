import ArgumentParser
import PipelineModel
import Server

/// `pawl usage`
struct UsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage", abstract: "Show what repositories used in a month: GPU-hours, processor time, bytes.",
        discussion: "Example: pawl usage    pawl usage churn --month 2026-11 --json")

    @Argument(help: "Only this repository's.")
    var repository: String?

    @Option(help: ArgumentHelp("The month, in UTC; without one, the running one.", valueName: "2026-11"))
    var month: String?

    @OptionGroup var options: ClientOptions

    func run() async throws {
        if let month, Month(month) == nil {
            throw CommandFailure(.usage, "\"\(month.printable)\" is not a month: write it as 2026-11")
        }
        let view: UsageListView = try await options.client().get(
            "/api/usage", ["repository": repository, "month": month])
        try options.show(view) { UsageRendering.month(view, on: $0) }
    }
}
