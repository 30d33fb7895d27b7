extension ChaosBench {
    /// Stops all in order, and looks at what there is in the end.
    func wrapUp(_ findings: inout ChaosFindings) async throws {
        try await findings.lookAtDeliveries(of: self)
        for runner in runners {
            let ending = await runner.stop()
            findings.expect(ending == .exited(0), "\(runner.name) ended as \(String(describing: ending))")
        }
        try await base.server.stop()
        try await watch.untilAllAreGone()
        for (job, tenures) in watch.byJob where tenures.contains(where: { $0.to == .max }) {
            findings.note("job \(job) has a container for ever")
        }
        try await findings.lookForRemains(of: self)
    }
}
