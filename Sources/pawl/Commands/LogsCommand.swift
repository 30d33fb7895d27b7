import ArgumentParser
import Foundation
import PipelineModel
import Server

/// `pawl logs`
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print what a job wrote.",
        discussion: "Example: pawl logs -f 128/train    pawl logs 128/train --attempt 1")

    @Argument(help: "A job, such as 128/train; or train, of the newest pipeline of HEAD.")
    var job: String

    @Flag(name: .shortAndLong, help: "Go on until the attempt has ended.")
    var follow = false

    @Option(help: "The attempt's number; without one, the newest.")
    var attempt: Int?

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        let target = try await Target.find(job, with: client, reads: true)
        let name = try target.requireJob(for: "logs").name
        let terminal = Terminal.standardOutput()
        let bytes = try await client.stream(
            "/api/pipelines/\(target.id)/log",
            ["job": name, "attempt": attempt.map(String.init), "follow": follow ? "true" : nil])
        var log = ANSIText()
        for try await chunk in bytes {
            let shown = isatty(STDOUT_FILENO) == 1 ? Self.forTerminal(log.take(chunk), terminal) : chunk
            FileHandle.standardOutput.write(Data(shown))
        }
        try Task.checkCancellation()
    }

    /// Only colours of what a job wrote reach a terminal; what would move its cursor or rename its window does not.
    private static func forTerminal(_ pieces: [ANSIText.Piece], _ terminal: Terminal) -> [UInt8] {
        var text = ""
        for piece in pieces {
            guard terminal.hasColour, !piece.style.isPlain else {
                text += piece.text
                continue
            }
            text += "\u{1B}[\(piece.style.codes)m\(piece.text)\u{1B}[0m"
        }
        return Array(text.utf8)
    }
}
