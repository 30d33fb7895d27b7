import PipelineModel

extension MLflowRecord {
    /// What was logged, as a report: the last value of each name is its metric, and a name with several values is a curve
    /// besides.
    ///
    /// Runs that stand by themselves are one: their names are as they were logged, and of a name that several of them have
    /// that of the run that was begun last counts. Names of a nested run have its name before them. Deleted runs and what
    /// MLflow measures of the machine (`system/…`) are left out.
    public var report: MetricReport {
        var report = MetricReport()
        var metrics = MetricList()
        var curves: [Curve] = []
        var parameters: [Parameter] = []
        var owners: [String: Int] = [:]
        let counted = runs.filter { !$0.isDeleted }
        let (outer, nested) = (counted.filter { parent(of: $0) == nil }, counted.filter { parent(of: $0) != nil })
        for run in outer.reversed() + nested {
            let prefix = prefix(of: run)
            for (name, series) in run.series.sorted(by: { $0.key < $1.key }) where !name.hasPrefix("system/") {
                guard let last = series.last else { continue }
                let full = prefix + name
                owners[full, default: 0] += 1
                if owners[full] == 2 {
                    report.remarks.append("MLflow: \(full) is in several runs; that of the run begun last counts")
                }
                guard owners[full] == 1 else { continue }
                metrics.set(full, last.value.number)
                let curve = series.curve(named: full)
                if curve.points.count > 1 { curves.append(curve) }
            }
            let known = Set(parameters.map(\.name))
            for (name, value) in run.parameters.sorted(by: { $0.key < $1.key }) where !known.contains(prefix + name) {
                parameters.append(Parameter(prefix + name, value))
            }
        }
        report.metrics = metrics.metrics
        report.curves = curves
        report.parameters = parameters
        return report
    }

    private func parent(of run: MLflowRun) -> MLflowRun? { run.tags[MLflowRun.parentTag].flatMap(self.run) }

    /// The names of a nested run and of those that it is nested in but the outermost, each with a stroke behind it.
    private func prefix(of run: MLflowRun) -> String {
        var prefix = ""
        var inner = run
        // A run may name itself as its parent, by whatever way.
        for _ in 0..<8 {
            guard let outer = parent(of: inner) else { break }
            prefix = "\(inner.name)/\(prefix)"
            inner = outer
        }
        return prefix
    }
}
