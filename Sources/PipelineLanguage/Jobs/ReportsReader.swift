import PipelineModel

/// Reads `artifacts:reports`.
struct ReportsReader {
    let values: ValueReader

    /// Reports that are only shown. Leaving them out changes no result.
    private static let shown: Set<String> = [
        "accessibility", "annotations", "api_fuzzing", "browser_performance", "cluster_image_scanning", "codequality",
        "container_scanning", "coverage_fuzzing", "cyclonedx", "dast", "dependency_scanning", "license_management",
        "license_scanning", "load_performance", "lsif", "performance",
        "repository_xray", "requirements", "requirements_v2", "sarif", "sast", "secret_detection", "tensorboard",
        "terraform",
    ]

    /// Reports that are read.
    private static let read: Set<String> = ["coverage_report", "dotenv", "junit", "metrics"]

    /// The reports that are read.
    func read(_ node: Node) -> PlannedJob.Artifacts.Reports? {
        guard let mapping = node.mapping else {
            values.error("artifacts: reports must be a map, and is \(node.kindName).", at: node.span)
            return nil
        }
        var reports = PlannedJob.Artifacts.Reports()
        for entry in mapping.entries {
            let isSet = !entry.value.isNull
            switch entry.key {
            case "metrics": reports.metrics = isSet ? files(entry) ?? [] : []
            case "junit": reports.junit = isSet ? files(entry) : nil
            case "dotenv": reports.dotenv = isSet ? files(entry) : nil
            case "coverage_report": reports.coverage = isSet ? coverage(entry.value) : nil
            case _ where Self.shown.contains(entry.key): check(entry)
            default:
                let hint = values.session.suggestion(for: entry.key, among: Self.shown.union(Self.read).sorted())
                values.error(
                    "artifacts: reports: \"\(entry.key.prefix(60))\" is not a kind of report.\(hint)", at: entry.keySpan
                )
            }
        }
        return reports.isEmpty ? nil : reports
    }

    private func files(_ entry: Mapping.Entry) -> [String]? {
        values.texts(entry.value, "artifacts: reports: \(entry.key)", allowsSingle: true)?.map(\.text)
    }

    private func coverage(_ node: Node) -> CoverageReport? {
        let key = "artifacts: reports: coverage_report"
        guard let mapping = values.mapping(node, key, keys: ["coverage_format", "path"]) else { return nil }
        guard let format = mapping["coverage_format"], let path = mapping["path"] else {
            values.error("\(key) needs coverage_format, which is cobertura or jacoco, and path.", at: node.span)
            return nil
        }
        let known: CoverageFormat? = values.word(format, "\(key): coverage_format")
        guard let known, let path = values.nonEmptyText(path, "\(key): path") else { return nil }
        return CoverageReport(format: known, path: path)
    }

    private func check(_ entry: Mapping.Entry) {
        let key = "artifacts: reports: \(entry.key)"
        if !entry.value.isNull, values.texts(entry.value, key, allowsSingle: true) == nil {
            return
        }
        values.warning(
            "\(key) is not carried out yet: the file is not read. Name it under paths to keep it.", at: entry.keySpan)
    }
}
