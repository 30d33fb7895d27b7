import Archives
import Evaluation
import PipelineModel

/// Reads what a job reports in numbers: from the files that it left in its workspace, and from what it logged with MLflow's
/// API.
///
/// Whatever the files are, reading them fails no job: what cannot be read is a remark of the report.
struct ReportReader {
    private let plan: AttemptPlan
    private var report = MetricReport()
    private var places: [String: Int] = [:]

    /// How many files of one kind are read.
    private static let fileLimit = 200
    /// How many bytes of event files are read of one job.
    private static let eventLimit: Int64 = 4 << 30

    private init(_ plan: AttemptPlan) { self.plan = plan }

    /// The report; nil where the pipeline file asks for none and nothing was logged. Blocks its thread.
    static func report(of plan: AttemptPlan) -> MetricReport? {
        let job = plan.assignment.job
        let metrics = job.artifacts?.reports?.metrics ?? []
        let curves = job.ml?.curves ?? []
        let gate = job.ml?.gate ?? []
        let examples = job.ml?.examples ?? []
        let asked = [metrics, curves, examples, job.ml?.params ?? []]
        let logged = Result { try MLflowBook.report(at: plan.workspace.mlflowFile) }
        if gate.isEmpty, asked.allSatisfy(\.isEmpty), case .success(nil) = logged { return nil }
        var reader = ReportReader(plan)
        reader.readMetrics(metrics)
        reader.readCurves(curves)
        reader.readExamples(examples)
        reader.readParameters(job.ml?.params ?? [])
        reader.add(logged)
        reader.fillFromCurves(gate.map(\.metric))
        return reader.report.bounded(keeping: Set(gate.map(\.metric)))
    }

    // MARK: - Metrics

    private mutating func readMetrics(_ globs: [String]) {
        for path in paths(globs, named: "metrics") {
            read(path) { bytes, report throws(UnreadableFile) in
                if DVCFile.isOne(path) { return try report.readDVC(bytes, path) }
                report.merge(try MetricFile.read(bytes, path: path), from: path)
            }
        }
    }

    private mutating func readDVC(_ bytes: [UInt8], _ path: String) throws(UnreadableFile) {
        let file = try DVCFile(bytes, path: path)
        for path in file.metrics where !DVCFile.isOne(path) {
            read(path) { bytes, report throws(UnreadableFile) in
                report.merge(try MetricFile.read(bytes, path: path), from: path)
            }
        }
        readParameters(file.parameters)
    }

    private mutating func merge(_ read: MetricReport, from path: String) {
        for metric in read.metrics {
            if let place = places[metric.name] {
                report.remarks.append("\(path): \(metric.name) is in another file as well; the last one counts")
                report.metrics[place] = metric
            } else {
                places[metric.name] = report.metrics.count
                report.metrics.append(metric)
            }
        }
        for curve in read.curves where !report.curves.contains(where: { $0.name == curve.name }) {
            report.curves.append(curve.ordered)
        }
    }

    /// A gated metric that no file has is taken from the end of the curve of that name.
    private mutating func fillFromCurves(_ gated: [String]) {
        for name in gated where places[name] == nil {
            guard let last = report.curves.first(where: { $0.name == name })?.points.last else { continue }
            places[name] = report.metrics.count
            report.metrics.append(Metric(name, last.value.number))
        }
    }

    // MARK: - Curves

    /// A run is a folder of event files, as TensorBoard sees it; a tag's curve has the run's name where there are several.
    private mutating func readCurves(_ globs: [String]) {
        let files = paths(globs, named: "curves").filter(EventSeries.isOne)
        let runs = Dictionary(grouping: files) { $0.split(separator: "/").dropLast().joined(separator: "/") }
        let common = Self.commonFolder(of: runs.keys.map { $0 })
        var budget = Self.eventLimit
        for (run, files) in runs.sorted(by: { $0.key < $1.key }) {
            var series = EventSeries()
            for path in files.sorted() { add(path, to: &series, &budget) }
            let name = run.split(separator: "/").dropFirst(common).joined(separator: "/")
            for curve in series.curves {
                let full = name.isEmpty || runs.count == 1 ? curve.name : "\(name)/\(curve.name)"
                if report.curves.count < 10 * MetricReport.curveLimit {
                    report.curves.append(Curve(name: full, points: curve.points).ordered.bounded)
                }
            }
            for parameter in series.parameters { note(parameter) }
            report.remarks += series.remarks
        }
    }

    private mutating func add(_ path: String, to series: inout EventSeries, _ budget: inout Int64) {
        do {
            guard let file = try FileContent(path, in: plan.workspace.project) else { return }
            var left = budget
            try withoutActuallyEscaping({ (count: Int) throws -> [UInt8] in
                guard left > 0 else { return [] }
                let bytes = try file.read(count)
                left -= Int64(bytes.count)
                return bytes
            }) { read in try series.add(path: path, read: read) }
            if left <= 0 { report.remarks.append("\(path): event files are read up to 4 GiB") }
            budget = left
        } catch {
            report.remarks.append("\(path): \(error)")
        }
    }

    /// How many folders all paths have in common at their beginning.
    private static func commonFolder(of paths: [String]) -> Int {
        let parts = paths.map { $0.split(separator: "/") }
        guard let first = parts.first else { return 0 }
        return first.indices.first { index in parts.contains { $0.count <= index || $0[index] != first[index] } }
            ?? first.count
    }

    // MARK: - Examples

    /// Tables about the same examples are one.
    private mutating func readExamples(_ globs: [String]) {
        for path in paths(globs, named: "examples") {
            read(path) { bytes, report throws(UnreadableFile) in
                let table = try ExampleFile.read(bytes, path: path)
                guard let known = report.report.examples else { return report.report.examples = table }
                guard known.ids == table.ids else { throw UnreadableFile(path, "another table has other examples") }
                report.report.examples?.values.merge(table.values) { first, _ in first }
            }
        }
    }

    // MARK: - Parameters

    private mutating func readParameters(_ globs: [String]) {
        let usual = ["params.yaml", "params.json"]
        for path in globs.isEmpty ? usual : paths(globs, named: "params") {
            read(path, isOptional: globs.isEmpty) { bytes, report throws(UnreadableFile) in
                for parameter in try MetricFile.parameters(bytes, path: path) { report.note(parameter) }
            }
        }
    }

    private mutating func note(_ parameter: Parameter) {
        guard !report.parameters.contains(where: { $0.name == parameter.name }) else { return }
        report.parameters.append(parameter)
    }

    // MARK: - MLflow

    /// What a file says counts before what was logged under the same name.
    private mutating func add(_ logged: Result<MetricReport?, any Error>) {
        let found: MetricReport?
        do {
            found = try logged.get()
        } catch {
            return report.remarks.append("MLflow: \(error)")
        }
        guard let logged = found else { return }
        report.remarks += logged.remarks
        for metric in logged.metrics {
            if let place = places[metric.name] {
                if report.metrics[place].value != metric.value {
                    report.remarks.append("MLflow: \(metric.name) is in a file as well; that of the file counts")
                }
            } else {
                places[metric.name] = report.metrics.count
                report.metrics.append(metric)
            }
        }
        let curves = Set(report.curves.map(\.name))
        report.curves += logged.curves.filter { !curves.contains($0.name) }
        let parameters = Set(report.parameters.map(\.name))
        report.parameters += logged.parameters.filter { !parameters.contains($0.name) }
    }

    // MARK: - Files

    private mutating func paths(_ globs: [String], named kind: String) -> [String] {
        WorkspaceFiles(plan: plan).matching(globs, named: kind, limit: Self.fileLimit, &report.remarks)
    }

    private mutating func read(
        _ path: String, isOptional: Bool = false, _ take: ([UInt8], inout Self) throws(UnreadableFile) -> Void
    ) {
        do {
            let bytes = try WorkspaceFiles(plan: plan).bytes(of: path, limit: MetricFile.sizeLimit)
            if let bytes { try take(bytes, &self) }
        } catch {
            if !(isOptional && error is ArchiveError) { report.remarks.append("\(error)") }
        }
    }
}
