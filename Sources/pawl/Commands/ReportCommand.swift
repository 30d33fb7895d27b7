import ArgumentParser
import Foundation
import PipelineModel
import Server
import Signing

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

/// `pawl evidence`
struct EvidenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence", abstract: "Print the verdicts on a pipeline, signed, to be checked without Pawl.",
        discussion: """
            Example: pawl evidence 128 > e.json; pawl evidence --key > pawl.pem
                     python3 docs/verify-evidence.py e.json pawl.pem
            """)

    @Argument(help: "A pipeline, such as 128; without one, the newest of HEAD.")
    var pipeline: String?

    @Flag(help: "Print the public key instead, which is the same for all pipelines of a server.")
    var key = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        if key {
            let view: EvidenceKeyView = try await client.get("/api/evidence-key")
            return try options.show(view) { _ in view.pem.split(separator: "\n").map(String.init) }
        }
        let target = try await Target.find(pipeline, with: client)
        let envelope: SignedEnvelope = try await client.get("/api/pipelines/\(target.id)/evidence")
        let text = try JSONEncoder().encode(envelope)
        try options.show(envelope) { _ in [String(decoding: text, as: UTF8.self)] }
    }
}
