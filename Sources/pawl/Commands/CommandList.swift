import ArgumentParser

extension Pawl {
    /// Commands that stand in no group of the help.
    static let ungrouped: [any ParsableCommand.Type] = [
        VersionCommand.self, InitCommand.self, ServeCommand.self, HookCommand.self,
    ]

    /// The groups of commands in the order of the help.
    static let groups: [CommandGroup] = [
        CommandGroup(name: "In a checkout", subcommands: checkoutCommands),
        CommandGroup(
            name: "Looking",
            subcommands: [
                ListCommand.self, ShowCommand.self, LogsCommand.self, WhyCommand.self, ReportCommand.self,
                EvidenceCommand.self,
                DeliveriesCommand.self, OutboxCommand.self, UsageCommand.self,
            ]),
        CommandGroup(
            name: "Doing",
            subcommands: [
                RunCommand.self, RetryCommand.self, PlayCommand.self, CancelCommand.self, ApproveCommand.self,
                OverrideCommand.self,
            ]),
        CommandGroup(
            name: "Administration",
            subcommands: [
                RepositoryCommand.self, RunnerCommand.self, SecretCommand.self, TokenCommand.self, DoctorCommand.self,
            ]
                + serverCommands),
    ]
}
