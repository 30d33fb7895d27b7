extension Plan {
    /// The plan with nothing but some nodes and the jobs that have to end before them; deployments are left out.
    public func only(what nodes: Set<String>) -> Plan {
        let progress = PipelineProgress(plan: self, standings: [:])
        var wanted: Set<String> = []
        var open = jobs.filter { nodes.contains($0.node) }.map(\.name)
        while let name = open.popLast() {
            guard wanted.insert(name).inserted, let job = job(named: name) else { continue }
            open += progress.prerequisites(of: job).filter { self.job(named: $0)?.environment == nil }
        }
        var plan = self
        plan.jobs = jobs.filter { wanted.contains($0.name) }
        return plan
    }
}
