import ArgumentParser
import Foundation
import HTTPTransport
import PipelineModel
import Server

/// The `pawl` command: a server, and everything a person asks of it.
@main
struct Pawl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pawl",
        abstract: "CI/CD for machine-learning repositories.",
        discussion: """
            Jobs are named 128/train. Inside a checkout, plain train means the newest pipeline of HEAD.
            Exit status: 0 as wished, 1 it failed, 2 wrong usage, 3 refused, 4 server not reached, 5 still waiting.
            """,
        subcommands: ungrouped,
        groupedSubcommands: groups)

    /// Runs a command, and ends the process as `CommandFailure.Status` says.
    static func main() async {
        ProcessMemory.giveLargeBuffersBack()
        let status = await run(arguments: Array(CommandLine.arguments.dropFirst()))
        Foundation.exit(status.rawValue)
    }

    /// Runs a command line. Failures are told on standard error, each in one readable line.
    static func run(arguments: [String]) async -> CommandFailure.Status {
        do {
            try refuseUnknownCommand(arguments.first)
            let command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = command
                try command.run()
            }
            return .done
        } catch let failure as CommandFailure {
            if let message = failure.message { Output.complaint("pawl: \(message)") }
            return failure.status
        } catch let error as HTTPError where error.code != .cancelled {
            Output.complaint("pawl: the connection to the server broke: \(error.message.printable)")
            return .unreached
        } catch is CancellationError {
            return .waiting
        } catch {
            return tell(error)
        }
    }

    /// A command's name that is mistyped gets a guess.
    private static func refuseUnknownCommand(_ name: String?) throws {
        guard let name, !name.hasPrefix("-") else { return }
        let commands = configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
        let names = commands.map { $0._commandName } + ["help"]
        guard !names.contains(name) else { return }
        let guess = NearestName.of(name, among: names).map { " Did you mean \($0)?" } ?? ""
        throw CommandFailure(.usage, "there is no command \(name.printable).\(guess)  pawl --help")
    }

    /// Help is what was asked for; anything else is wrong usage, or an error that nobody translated.
    private static func tell(_ error: any Error) -> CommandFailure.Status {
        switch exitCode(for: error) {
        case .success:
            Output.line(fullMessage(for: error))
            return .done
        case .validationFailure:
            Output.complaint("pawl: \(usageLine(for: error))")
            return .usage
        default:
            Output.complaint("pawl: \("\(error)".printable)")
            return .failed
        }
    }

    /// What is wrong with a command line, and the command that explains it, on one line.
    static func usageLine(for error: any Error) -> String {
        let text = message(for: error).split(whereSeparator: \.isNewline).map(\.trimmingSpaces).joined(separator: " ")
        // The whole message ends with the command that was meant: See 'pawl retry --help' for more information.
        let quoted = fullMessage(for: error).split(separator: "'")
        let help = quoted.first { $0.hasPrefix("pawl ") && $0.hasSuffix(" --help") } ?? "pawl --help"
        guard !text.contains("  pawl ") else { return text.printable }
        return "\((text.hasSuffix(".") ? String(text.dropLast()) : text).printable).  \(help)"
    }
}
