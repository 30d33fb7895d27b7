import ArgumentParser

extension RunnerCommand {
    /// Commands that run on a runner's machine.
    static let machineCommands: [any ParsableCommand.Type] = [
        RunnerJoinCommand.self, RunnerStartCommand.self, RunnerGuardCommand.self,
    ]
}
