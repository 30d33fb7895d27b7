import ArgumentParser
import PipelineModel
import Server

/// `pawl report`
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Show what the report on a pipeline tells: verdict, parameters, curves, jobs.",
        discussion: "Example: pawl report 128    pawl report 128 --markdown > report.md")

    @Argument(help: "A pipeline, such as 128; without one, the newest of HEAD.")
    var pipeline: String?

    @Flag(help: "Print the comment as a forge gets it.")
    var markdown = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        let target = try await Target.find(pipeline, with: client)
        let view: ReportView = try await client.get("/api/pipelines/\(target.id)/report")
        let printsMarkdown = markdown
        try options.show(view) {
            printsMarkdown
                ? view.markdown.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                : ReportRendering(view: view, terminal: $0).lines()
        }
    }
}
