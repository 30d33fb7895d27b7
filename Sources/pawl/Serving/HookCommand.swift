import ArgumentParser

/// `pawl hook`: the other end of a plain-Git forge.
struct HookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hook", abstract: "Make a bare repository tell Pawl of every push.",
        discussion: "Example: pawl hook install /srv/git/churn.git",
        subcommands: [HookInstallCommand.self, HookSendCommand.self])
}
