import Forges
import PipelineLanguage
import PipelineModel

/// Compares a plan with what a case expects of it. A key it does not know counts as not held.
struct PlanComparison {
    let plan: Plan
    let context: PlanningContext
    let expect: JSONValue

    /// What does not hold; nil when everything does.
    func fault() -> String? {
        for (key, value) in expect.members ?? [:] {
            if let fault = fault(key, value) { return fault }
        }
        return nil
    }

    private func fault(_ key: String, _ value: JSONValue) -> String? {
        let names = plan.jobs.map(\.name)
        switch key {
        case "accepted", "reason", "message_should_name": return nil
        case "run", "run_when_played", "pipeline_status", "starts_before_end", "never_overlap", "shell": return nil
        case "jobs": return Set(texts(value)) == Set(names) ? nil : "jobs are \(names)"
        case "jobs_include": return Set(texts(value)).isSubset(of: names) ? nil : "jobs are \(names)"
        case "jobs_absent": return Set(texts(value)).isDisjoint(with: names) ? nil : "jobs are \(names)"
        case "stages": return texts(value) == plan.stages ? nil : "stages are \(plan.stages)"
        case "pipeline_created": return value.flag == true ? nil : "there is a pipeline"
        case "order_constraints":
            let broken = (value.elements ?? []).first { !runsBefore(texts($0)) }
            return broken.map { "\(texts($0)) are in no such order" }
        case "job":
            for (name, keys) in value.members ?? [:] {
                guard let job = plan.job(named: name) else { return "there is no job \(name)" }
                for (key, value) in keys.members ?? [:] where actual(key, of: job) != value {
                    return "\(name): \(key) is \(actual(key, of: job).map { "\($0)" } ?? "not compared")"
                }
            }
            return nil
        default: return "\(key) is not compared"
        }
    }

    private func runsBefore(_ pair: [String]) -> Bool {
        guard pair.count == 2 else { return false }
        return PipelineProgress(plan: plan, standings: [:]).dependants(of: pair[0]).contains(pair[1])
    }

    private func texts(_ value: JSONValue) -> [String] { value.elements?.compactMap(\.text) ?? [] }

    /// A job's setting in the form in which cases write it; nil for one that is not compared.
    private func actual(_ key: String, of job: PlannedJob) -> JSONValue? {
        switch key {
        case "stage": .string(job.stage)
        case "when": .string(job.when.rawValue)
        case "start_in_seconds": job.startIn.map { .integer($0.wholeSeconds) } ?? .null
        case "resource_group_expanded": job.resourceGroup.map { .string(expansion(of: job).expand($0)) } ?? .null
        case "allow_failure": allowFailure(job.allowFailure)
        case "needs": .array(expected(job.name, key, (job.needs ?? []).map(\.job)))
        case "dependencies": job.dependencies.map { list($0) } ?? .null
        case "before_script": list(job.beforeScript)
        case "script": list(job.script)
        case "after_script": list(job.afterScript)
        case "image": image(job.image) { $0 }
        case "image_expanded": image(job.image, expansion(of: job).expand)
        case "variables": variables(of: job)
        case "variables_expanded": expandedVariables(of: job)
        case "environment": environment(job.environment) { $0 }
        case "environment_expanded": environment(job, expansion(of: job).expand)
        case "interruptible": .bool(job.interruptible)
        case "tags": list(job.tags)
        case "retry": retry(job)
        case "artifacts": artifacts(job)
        case "expire_in_seconds": job.artifacts?.expireIn.map { .integer($0.wholeSeconds) } ?? .null
        case "variables_absent":
            .array(
                texts(wanted(key, job)).filter { name in !job.variables.contains { $0.name == name } }.map {
                    .string($0)
                })
        case "timeout_seconds": job.timeout.map { .integer($0.wholeSeconds) } ?? .null
        default: nil
        }
    }

    private func wanted(_ key: String, _ job: PlannedJob) -> JSONValue { expect["job"]?[job.name]?[key] ?? .null }

    /// Which failures are tried again is in Pawl's own words here, so a case that asks for them is not held.
    private func retry(_ job: PlannedJob) -> JSONValue {
        let limit = JSONValue.integer(Int64(job.retry.limit))
        guard wanted("retry", job).members != nil else { return limit }
        var members = ["max": limit]
        if let codes = job.retry.exitCodes { members["exit_codes"] = .array(codes.map { .integer(Int64($0)) }) }
        return .object(members)
    }

    /// Cases give only some keys of artifacts.
    private func artifacts(_ job: PlannedJob) -> JSONValue {
        guard let artifacts = job.artifacts else { return .null }
        var members: [String: JSONValue] = [
            "paths": list(artifacts.paths), "exclude": list(artifacts.exclude),
            "when": .string(artifacts.when.rawValue),
        ]
        if let name = artifacts.name { members["name"] = .string(name) }
        return .object(members.filter { wanted("artifacts", job).members?.keys.contains($0.key) ?? false })
    }

    private func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    /// Needs are a set: they are put in the expected order as far as they are expected.
    private func expected(_ job: String, _ key: String, _ actual: [String]) -> [JSONValue] {
        let wanted = texts(expect["job"]?[job]?[key] ?? .null)
        guard Set(wanted) == Set(actual), wanted.count == actual.count else { return actual.map { .string($0) } }
        return wanted.map { .string($0) }
    }

    private func expansion(of job: PlannedJob) -> VariableExpansion { VariableExpansion(context.variables(for: job)) }

    private func allowFailure(_ allowed: PlannedJob.AllowedFailure) -> JSONValue {
        switch allowed {
        case .never: .bool(false)
        case .always: .bool(true)
        case .exitCodes(let codes): .object(["exit_codes": .array(codes.map { .integer(Int64($0)) })])
        }
    }

    private func image(_ image: PlannedJob.Image?, _ form: (String) -> String) -> JSONValue {
        guard let image else { return .null }
        var members: [String: JSONValue] = ["name": .string(form(image.name))]
        if let entrypoint = image.entrypoint { members["entrypoint"] = list(entrypoint) }
        if let policy = image.pullPolicy { members["pull_policy"] = list(policy.map(\.rawValue)) }
        return members.count == 1 ? .string(form(image.name)) : .object(members)
    }

    /// The job's variables, unexpanded. Cases name some of them, so the others are left aside.
    private func variables(of job: PlannedJob) -> JSONValue {
        let actual = Dictionary(job.variables.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
        return named(actual, in: expect["job"]?[job.name]?["variables"])
    }

    private func expandedVariables(of job: PlannedJob) -> JSONValue {
        let actual = Dictionary(
            expansion(of: job).all.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
        return named(actual, in: expect["job"]?[job.name]?["variables_expanded"])
    }

    private func named(_ actual: [String: String], in wanted: JSONValue?) -> JSONValue {
        let names = wanted?.members.map { Set($0.keys) } ?? []
        return .object(actual.filter { names.contains($0.key) }.mapValues { .string($0) })
    }

    private func environment(_ environment: PlannedJob.Environment?, _ form: (String) -> String) -> JSONValue {
        guard let environment else { return .null }
        var members: [String: JSONValue] = ["name": .string(form(environment.name))]
        if let url = environment.url { members["url"] = .string(form(url)) }
        if environment.action != .start { members["action"] = .string(environment.action.rawValue) }
        if let tier = environment.tier { members["deployment_tier"] = .string(tier) }
        return .object(members)
    }

    /// Cases give only some keys of an expanded environment.
    private func environment(_ job: PlannedJob, _ form: (String) -> String) -> JSONValue {
        guard case .object(let members) = environment(job.environment, form) else {
            return expect["job"]?[job.name]?["environment_expanded"]?.text == nil
                ? .null : .string(form(job.environment?.name ?? ""))
        }
        guard let wanted = expect["job"]?[job.name]?["environment_expanded"] else { return .object(members) }
        if wanted.text != nil { return members["name"] ?? .null }
        let names = Set(wanted.members.map { Array($0.keys) } ?? [])
        return .object(members.filter { names.contains($0.key) })
    }
}
