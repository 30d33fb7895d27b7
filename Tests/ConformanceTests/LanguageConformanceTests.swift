import Forges
import PipelineLanguage
import PipelineModel
import TestSupport
import Testing

@Suite(
    "Pipeline language",
    .enabled(if: ConformanceFolder.path != nil, Comment(rawValue: ConformanceFolder.absence)))
struct LanguageConformanceTests {
    private static let folder = "dev/gitlab-ci"

    @Test("GitLab CI cases are planned as GitLab plans them")
    func plans() async throws {
        let verdicts = try Self.cases().map { ($0, try $0.fault()) }
        for (one, fault) in verdicts { Self.tell(fault, of: one) }
        let planned = verdicts.count { $0.1 == nil }
        print("conformance gitlab-ci cases (planning part): \(planned) of \(verdicts.count)")
        if await !CaseEngine.isReady() {
            print("conformance gitlab-ci cases: \(planned) of \(verdicts.count), by planning alone")
            print("conformance gitlab-ci cases (runs): skipped: \(CaseEngine.absence)")
        }
        #expect(Floor.isReached(Floor.gitLabCIPlanning, by: planned, of: verdicts.count))
    }

    @Test(
        "GitLab CI cases mean what they mean in GitLab, when their jobs run in real containers too",
        .enabled(Comment(rawValue: CaseEngine.absence)) { await CaseEngine.isReady() }, .timeLimit(.minutes(5)))
    func runs() async throws {
        let all = try Self.cases()
        let planned = try all.filter { try $0.fault() == nil }
        let faults = try await Self.runFaults(of: planned.filter(\.hasRun))
        let held = planned.count - faults.count
        let running = all.filter(\.hasRun)
        let ran = planned.count(where: \.hasRun) - faults.count
        print("conformance gitlab-ci cases (runs): \(ran) of \(running.count)")
        print("conformance gitlab-ci cases: \(held) of \(all.count)")
        #expect(Floor.isReached(Floor.gitLabCICases, by: held, of: all.count))
    }

    @Test("conditions come to what GitLab makes of them")
    func expressions() throws {
        let cases = try Self.list("expressions.json")
        var held = 0
        for one in cases {
            let result = Self.result(of: one)
            if result == one["expect"] || result == one["alternative"] {
                held += 1
            } else {
                print("\(one["expression"]?.text?.prefix(120) ?? "?"):", result)
            }
        }
        print("conformance expressions: \(held) of \(cases.count)")
        #expect(Floor.isReached(Floor.expressions, by: held, of: cases.count))
    }

    /// Runs a condition as a file would have it: one job whose only rule it is.
    private static func result(of one: JSONValue) -> JSONValue {
        let text = one["expression"]?.text ?? ""
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n          ")
        let file = "job:\n  script: echo\n  rules:\n    - if: |-\n          \(lines)\n"
        let variables = (one["variables"]?.members ?? [:]).map { Variable($0.key, $0.value.text ?? "", expands: false) }
        let context = PlanningContext(
            ref: "r", refKind: .mergeRequest, defaultBranch: "none", source: "unknown", pipelineVariables: variables)
        switch Planner().plan(file: ".gitlab-ci.yml", files: [".gitlab-ci.yml": .text(file)], context: context) {
        case .planned: return .bool(true)
        case .nothing: return .bool(false)
        case .refused: return .string("error")
        case .needsFiles: return .null
        }
    }

    @Test("GitLab's own snippets are accepted and refused as it does")
    func snippets() throws {
        let cases = try Self.list("snippets.json")
        var held = 0
        for one in cases {
            let files: [String: SourceFile] = [".gitlab-ci.yml": .text(one["yaml"]?.text ?? "")]
            let step = Planner().plan(file: ".gitlab-ci.yml", files: files, context: Self.context)
            let isRefused = if case .refused = step { true } else { false }
            switch one["expect"]?.text {
            case "either": held += 1
            case "accept" where !isRefused, "reject" where isRefused: held += 1
            default: print("\(one["id"]?.text ?? "?"):", step)
            }
        }
        print("conformance snippets: \(held) of \(cases.count)")
        #expect(Floor.isReached(Floor.snippets, by: held, of: cases.count))
    }

    @Test("files of real repositories are planned or included, or refused with a place and a reason")
    func realPipelines() throws {
        let files = try RealFile.all(in: "\(Self.folder)/real")
        var held = 0
        for file in files {
            let refusals = try file.refusals(Self.context)
            let isClear = refusals.contains { $0.place != nil && $0.line != nil }
            if refusals.isEmpty || (file.mayBeRefused && isClear) { held += 1 }
            if !refusals.isEmpty { print("\(file.path): refused,", refusals.prefix(3)) }
        }
        print("conformance real pipelines: \(held) of \(files.count)")
        #expect(Floor.isReached(Floor.realPipelines, by: held, of: files.count))
    }

    private static func cases() throws -> [LanguageCase] {
        try ConformanceFolder.folders(in: "\(folder)/cases").map { try LanguageCase(folder: "\(folder)/cases/\($0)") }
    }

    /// Runs cases, a few at a time, and tells of those that do not hold.
    /// - Returns: their names.
    private static func runFaults(of cases: [LanguageCase]) async throws -> [String] {
        try await withThrowingTaskGroup(of: String?.self) { group in
            var waiting = cases[...]
            var names: [String] = []
            func start() {
                guard let one = waiting.popFirst() else { return }
                group.addTask {
                    guard let plan = try one.runningPlan() else { return nil }
                    let fault = try await RunComparison.fault(of: one, plan)
                    tell(fault, of: one)
                    return fault == nil ? nil : one.name
                }
            }
            for _ in 0..<2 { start() }
            while let name = try await group.next() {
                if let name { names.append(name) }
                start()
            }
            return names
        }
    }

    private static func tell(_ fault: String?, of one: LanguageCase) {
        guard let fault else { return }
        print("\(one.name):", fault.split(separator: "\n").joined(separator: " | ").prefix(600))
    }

    private static let context = PlanningContext(ref: "main", refKind: .branch, defaultBranch: "main", source: "push")

    private static func list(_ name: String) throws -> [JSONValue] {
        try JSONValue(parsing: ConformanceFolder.bytes("\(folder)/\(name)")).elements ?? []
    }
}
