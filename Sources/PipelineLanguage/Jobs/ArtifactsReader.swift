import PipelineModel

/// Reads `artifacts`.
struct ArtifactsReader {
    let values: ValueReader

    private enum When: String, CaseIterable {
        case onSuccess = "on_success"
        case onFailure = "on_failure"
        case always
    }
    private enum Access: String, CaseIterable { case all, developer, maintainer, none }

    private static let keys = [
        "paths", "exclude", "when", "expire_in", "name", "reports", "untracked", "public", "access", "expose_as",
    ]

    func read(_ node: Node) -> PlannedJob.Artifacts? {
        guard let mapping = values.mapping(node, "artifacts", keys: Self.keys) else { return nil }
        var artifacts = PlannedJob.Artifacts(paths: globs(mapping["paths"], "paths"))
        artifacts.exclude = globs(mapping["exclude"], "exclude")
        if let name = mapping["name"], !name.isNull {
            artifacts.name = values.nonEmptyText(name, "artifacts: name")
            values.warning(
                "artifacts: name is not carried out yet: a download is called by pipeline, job and attempt.",
                at: name.span)
        }
        if let node = mapping["when"], !node.isNull {
            let when: When? = values.word(node, "artifacts: when")
            artifacts.when = when.flatMap { .init(rawValue: $0.rawValue) } ?? .onSuccess
        }
        if let node = mapping["expire_in"], !node.isNull {
            artifacts.expireIn =
                node.string == "never" ? PlannedJob.Artifacts.forever : values.duration(node, "artifacts: expire_in")
        }
        if let reports = mapping["reports"], !reports.isNull {
            artifacts.reports = ReportsReader(values: values).read(reports)
        }
        checkRest(mapping)
        return artifacts
    }

    private func globs(_ node: Node?, _ key: String) -> [String] {
        guard let node, !node.isNull else { return [] }
        return values.texts(node, "artifacts: \(key)")?.map(\.text) ?? []
    }

    private func checkRest(_ mapping: Mapping) {
        if let node = mapping["untracked"], values.bool(node, "artifacts: untracked") == true {
            values.error("artifacts: untracked is not supported yet. Name the files under paths.", at: node.span)
        }
        if let node = mapping["public"], values.bool(node, "artifacts: public") != nil {
            values.warning(
                "artifacts: public says nothing here: artifacts are for those who may read the repository.",
                at: node.span)
        }
        if let node = mapping["access"], let access: Access = values.word(node, "artifacts: access") {
            let key = "artifacts: access: \(access.rawValue)"
            switch access {
            case .all, .developer:
                values.warning(
                    "\(key) says nothing here: artifacts are for those who may read the repository.", at: node.span)
            case .maintainer, .none:
                values.error("\(key) is not supported yet: more people than meant could read the files.", at: node.span)
            }
        }
        if let node = mapping["expose_as"], values.nonEmptyText(node, "artifacts: expose_as") != nil {
            values.warning(
                "artifacts: expose_as is not carried out yet: no link is shown at the pull request.", at: node.span)
        }
    }
}
