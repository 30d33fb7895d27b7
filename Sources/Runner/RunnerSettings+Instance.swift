extension RunnerSettings {
    /// The runner's id, the same after a restart: it labels what the runner's executor makes. Made on the first call.
    /// - Throws: `RunnerError.folder` where the state folder cannot be made.
    public func instance() throws -> String { try RunnerFolders(self).instance }
}
