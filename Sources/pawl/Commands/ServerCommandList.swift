import ArgumentParser

extension Pawl {
    /// Commands that work on a checkout without a server.
    static let checkoutCommands: [any ParsableCommand.Type] = [ExecCommand.self, LintCommand.self, PlanCommand.self]

    /// Commands that run on the server's machine.
    static let serverCommands: [any ParsableCommand.Type] = [BackupCommand.self, RestoreCommand.self]
}
