import PipelineLanguage
import PipelineModel
import Testing

@Suite("Text written to break the planner")
struct HostileTextTests {
    /// Far more than any of them takes in a debug build on a busy machine, and far less than what would harm.
    private static let patience = Duration.seconds(60)

    static let texts: [(name: String, text: String)] = [
        ("100,000 open brackets", String(repeating: "[", count: 100_000)),
        ("500,000 open braces", String(repeating: "{", count: 500_000)),
        ("100,000 nested dashes", String(repeating: "- ", count: 100_000)),
        ("100,000 question marks", String(repeating: "? ", count: 100_000)),
        (
            "900 nested lists",
            "job: {script: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900) + "}"
        ),
        ("900 nested block maps", (0..<900).map { String(repeating: " ", count: $0) + "a:\n" }.joined()),
        ("an alias bomb", bomb(levels: 30)),
        ("aliases that nest ever deeper", deepAliases()),
        ("tags that double", doublingTags()),
        ("an alias bomb as a key", bomb(levels: 30) + "? *a29\n: x\n"),
        ("an alias bomb as a flow key", bomb(levels: 30) + "{[*a29]: x}\n"),
        ("merge keys of merge keys", mergeBomb(levels: 30)),
        ("references of references", referenceBomb(levels: 40)),
        ("extends of one large job 20,000 times", extendsBomb()),
        ("a name of a megabyte", "job: {script: echo, needs: [\(String(repeating: "n", count: 900_000))]}"),
        ("half a million values", "job: [" + String(repeating: "a,", count: 500_000) + "]"),
        ("100,000 keys", (0..<80_000).map { "k\($0): x\n" }.joined()),
        ("a chain of 30,000 variables", variableChain(30_000)),
        ("variables that double", doublingVariables()),
        ("50,000 misspelt needs", misspeltNeeds()),
        ("a pattern that backtracks", rule(#"$A =~ /^(a+)+$/"#)),
        ("a pattern of nested counts", rule(#"$A =~ /((a{100}){100}){100}/"#)),
        ("a pattern of 5,000 groups", rule("$A =~ /\(String(repeating: "(", count: 5_000))/")),
        ("empty parts repeated", rule(#"$A =~ /(((){1000}){1000}){1000}/"#)),
        (
            "open braces in a glob",
            "job: {script: echo, rules: [{changes: ['\(String(repeating: "{", count: 3_000))']}]}"
        ),
        ("a null byte", "job: \u{0}"),
        ("private characters", "job: {script: '\u{E000}*'}"),
        ("a bad escape", "job: \"\\q\""),
        ("an unknown anchor", "job: *nowhere"),
        ("an anchor within itself", "a: &a [*a]"),
        ("an unknown tag", "job: !!python/object:os.system ls"),
        ("a key that is a list", "[a, b]: c"),
        ("stars with combining marks", "job: {script: \"*\u{301}\", x: *\u{301}}"),
        ("a hundred documents", String(repeating: "---\na: b\n", count: 100)),
        ("directives", "%YAML 9.9\n%TAG ! tag:x\n---\na: b"),
        ("nothing", ""),
        ("a list", "- a"),
        ("a text", "hello"),
    ]

    @Test("is refused with a diagnostic, soon, and brings nothing down", arguments: texts)
    func refused(_ name: String, _ text: String) {
        let clock = ContinuousClock()
        let start = clock.now
        let context = PlanningContext(
            ref: "main", refKind: .branch, defaultBranch: "main", source: "push",
            pipelineVariables: [Variable("A", String(repeating: "a", count: 60_000) + "!")], changedFiles: ["x"])
        let step = Planner().plan(file: ".gitlab-ci.yml", files: [".gitlab-ci.yml": .text(text)], context: context)
        #expect(clock.now - start < Self.patience, "\(name) took too long")
        switch step {
        case .refused(let diagnostics):
            #expect(!diagnostics.isEmpty)
            #expect(diagnostics.allSatisfy { $0.message.utf8.count < 4_000 && ($0.line?.count ?? 0) <= 200 })
        case .nothing, .planned: break
        case .needsFiles: Issue.record("it asks for files")
        }
    }

    @Test(
        "a look at a pattern's part is a step, whether or not it takes a character",
        arguments: [
            (#"$A =~ /(?:\#(String(repeating: "|", count: 1_900)))z/"#, "", String(repeating: "a", count: 100)),
            ("$A =~ $B", "/(?:\(String(repeating: "|", count: 1_900)))z/", ""),
        ])
    func steps(_ condition: String, _ pattern: String, _ text: String) {
        let context = PlanningContext(
            ref: "main", refKind: .branch, defaultBranch: "main", source: "push",
            pipelineVariables: [Variable("A", text), Variable("B", pattern)])
        let rules = Array(repeating: "      - if: '\(condition)'\n", count: 50).joined()
        func isRefused(within steps: Int) -> Bool {
            let planner = Planner(limits: PlanningLimits(matchingSteps: steps))
            let files = [".gitlab-ci.yml": SourceFile.text("job:\n  script: echo\n  rules:\n\(rules)")]
            let step = planner.plan(file: ".gitlab-ci.yml", files: files, context: context)
            guard case .refused(let diagnostics) = step else { return false }
            return diagnostics.contains { $0.message.contains("takes too long") }
        }
        #expect(isRefused(within: 100_000))
        #expect(!isRefused(within: 100_000_000))
    }

    private static func bomb(levels: Int) -> String {
        (0..<levels).map { level in
            let item = level == 0 ? "x" : "*a\(level - 1)"
            return ".a\(level): &a\(level) [\(Array(repeating: item, count: 10).joined(separator: ", "))]\n"
        }.joined()
    }

    private static func mergeBomb(levels: Int) -> String {
        (0..<levels).map { level in
            let merge =
                level == 0 ? "k: v" : "<<: [*m\(level - 1), *m\(level - 1)], a: *m\(level - 1), b: *m\(level - 1)"
            return ".m\(level): &m\(level) {\(merge)}\n"
        }.joined()
    }

    private static func referenceBomb(levels: Int) -> String {
        let lists = (0..<levels).map { level in
            let item = level == 0 ? "echo" : "!reference [.r\(level - 1)]"
            return ".r\(level): [\(item), \(item)]\n"
        }
        return lists.joined() + "job: {script: [!reference [.r\(min(30, levels - 1))]]}\n"
    }

    private static func extendsBomb() -> String {
        let large = (0..<5_000).map { "v\($0): x" }.joined(separator: ", ")
        let parents = Array(repeating: ".large", count: 20_000).joined(separator: ",")
        return ".large: {variables: {\(large)}}\njob: {script: echo, extends: [\(parents)]}\n"
    }

    private static func variableChain(_ count: Int) -> String {
        let links = (0..<count).map { "  V\($0): $V\($0 + 1)\n" }.joined()
        return "variables:\n\(links)job: {script: echo, rules: [{if: $V0 == \"x\"}]}\n"
    }

    private static func doublingVariables() -> String {
        let doubles = (1..<40).map { "  D\($0): $D\($0 - 1)$D\($0 - 1)\n" }.joined()
        let rules = (0..<500).map { "{if: $D39 == \"\($0)\"}" }.joined(separator: ", ")
        return "variables:\n  D0: xxxxxxxxxx\n\(doubles)job: {script: echo, rules: [\(rules)]}\n"
    }

    private static func deepAliases() -> String {
        let levels = (0..<50).map { level in
            let inner = level == 0 ? "x" : "*d\(level - 1)"
            return
                ".d\(level): &d\(level) \(String(repeating: "[", count: 40))\(inner)\(String(repeating: "]", count: 40))\n"
        }
        return levels.joined()
    }

    private static func doublingTags() -> String {
        let doubles = (1..<40).map { "  D\($0): $D\($0 - 1)$D\($0 - 1)\n" }.joined()
        let jobs = (0..<500).map { "j\($0): {script: echo, tags: [$D39, $D38, $D37]}\n" }.joined()
        return "variables:\n  D0: xxxxxxxxxx\n\(doubles)\(jobs)"
    }

    private static func misspeltNeeds() -> String {
        (0..<900).map { job in
            let needs = (0..<50).map { "jobb-number-\(job)-\($0)" }.joined(separator: ", ")
            return "job-number-\(job)-of-many-jobs: {script: echo, needs: [\(needs)]}\n"
        }.joined()
    }

    private static func rule(_ condition: String) -> String {
        "job:\n  script: echo\n  rules:\n    - if: \(condition)\n"
    }
}
