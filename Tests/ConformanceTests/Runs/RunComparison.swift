import Forges
import PipelineModel

/// Compares how a case's pipeline ran with what is expected of it. A key it does not know counts as not held.
struct RunComparison {
    let expect: JSONValue

    /// Runs the plan, and says what does not hold; nil when everything does.
    static func fault(of one: LanguageCase, _ plan: Plan) async throws -> String? {
        let comparison = Self(expect: one.expect)
        let wanted = comparison.members("run_when_played")
        let fault = try await CaseRun(one, plan).carryOut { run -> [String] in
            let end = try await run.settle()
            if let fault = comparison.fault(of: end) { return [fault] }
            guard !wanted.isEmpty else { return [] }
            try await run.play(Set(wanted.keys))
            let later = try await run.settle()
            return [comparison.fault(of: later, in: "run_when_played")].compactMap { $0 }
        }
        guard let fault else { return "it takes longer than \(CaseRun.limit)" }
        return fault.first
    }

    /// What does not hold before anybody plays a job.
    func fault(of end: PipelineEnd) -> String? {
        if let wanted = expect["pipeline_status"]?.text, end.status != wanted { return "the pipeline is \(end.status)" }
        return fault(of: end, in: "run") ?? faultOfOrder(end)
    }

    /// What does not hold of the jobs below one of the case's keys.
    func fault(of end: PipelineEnd, in key: String) -> String? {
        for (name, keys) in members(key).sorted(by: { $0.key < $1.key }) {
            guard let job = end.jobs[name] else { return "there is no job \(name)" }
            for (key, value) in keys.members ?? [:] {
                if let fault = fault(key, value, of: job) { return "\(name): \(fault)" }
            }
        }
        return nil
    }

    private func fault(_ key: String, _ value: JSONValue, of end: JobEnd) -> String? {
        let last = end.job.attempts.last
        let texts = value.elements?.compactMap(\.text) ?? []
        switch key {
        case "status":
            let why = end.job.failure.map { ", \($0.message)" } ?? ""
            return value.text == end.status ? nil : "it is \(end.status)\(why): \(end.lines.suffix(5))"
        case "reason":
            return value.text == last?.failure?.class.rawValue
                ? nil : "it failed by \(String(describing: last?.failure))"
        case "exit_code":
            let code = last?.failure?.exitCode ?? last?.exitCode
            return value.whole == code.map(Int64.init) ? nil : "it ended with \(String(describing: code))"
        case "attempts":
            return value.whole == Int64(end.job.attempts.count) ? nil : "it had \(end.job.attempts.count) attempts"
        case "max_seconds":
            let isBrief = end.duration.map { $0 <= .seconds(value.whole ?? 0) } ?? false
            return isBrief ? nil : "it took \(end.duration.map { "\($0)" } ?? "no time at all")"
        case "output_contains":
            let missing = texts.filter { text in !end.lines.contains { $0.contains(text) } }
            return missing.isEmpty ? nil : "\(missing) is not in \(end.lines)"
        case "output_lacks":
            let unwanted = texts.filter { text in end.lines.contains { $0.contains(text) } }
            return unwanted.isEmpty ? nil : "\(unwanted) is in \(end.lines)"
        case "output_lines_in_order":
            var rest = end.lines[...]
            for text in texts {
                guard let place = rest.firstIndex(of: text) else { return "\(text) has no such place in \(end.lines)" }
                rest = rest[(place + 1)...]
            }
            return nil
        case "artifacts_contain":
            return Set(texts).isSubset(of: end.artifacts) ? nil : "it left \(end.artifacts.sorted())"
        case "artifacts_lack":
            return Set(texts).isDisjoint(with: end.artifacts) ? nil : "it left \(end.artifacts.sorted())"
        default: return "\(key) is not compared"
        }
    }

    private func faultOfOrder(_ end: PipelineEnd) -> String? {
        for pair in pairs("starts_before_end") {
            guard let began = end.jobs[pair.0]?.began, let ended = end.jobs[pair.1]?.ended, began < ended else {
                return "\(pair.0) does not begin before \(pair.1) ends"
            }
        }
        for pair in pairs("never_overlap") {
            guard let first = end.jobs[pair.0], let second = end.jobs[pair.1], let firstBegan = first.began,
                let firstEnded = first.ended, let secondBegan = second.began, let secondEnded = second.ended,
                firstEnded <= secondBegan || secondEnded <= firstBegan
            else { return "\(pair.0) and \(pair.1) overlap" }
        }
        return nil
    }

    private func members(_ key: String) -> [String: JSONValue] { expect[key]?.members ?? [:] }

    private func pairs(_ key: String) -> [(String, String)] {
        (expect[key]?.elements ?? []).map { pair in
            let names = pair.elements?.compactMap(\.text) ?? []
            return names.count == 2 ? (names[0], names[1]) : ("", "")
        }
    }
}
