import ArgumentParser
import PipelineModel
import Server

/// `pawl why`
struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Say why a job waits, was not run, or failed.",
        discussion: "Example: pawl why 131/train")

    @Argument(help: "A job, such as 131/train; or train, of the newest pipeline of HEAD.")
    var job: String

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        let target = try await Target.find(job, with: client, reads: true)
        let name = try target.requireJob(for: "why").name
        let view: WhyView = try await client.get("/api/pipelines/\(target.id)/why", ["job": name])
        try options.show(view) { WhyRendering(view: view, terminal: $0).lines() }
    }
}
