import PipelineLanguage
import PipelineModel
import Testing

@Suite("Rules")
struct RuleTests {
    private static func context(
        ref: String = "main", kind: PlanningContext.RefKind = .branch, source: String = "push",
        changed: [String]? = nil, tree: [String] = [], _ variables: [String: String] = [:]
    ) -> PlanningContext {
        PlanningContext(
            ref: ref, refKind: kind, defaultBranch: "main", source: source,
            pipelineVariables: variables.map { Variable($0.key, $0.value) }, changedFiles: changed, tree: tree)
    }

    @Test("the first rule that matches decides, and without one the job is left out")
    func firstMatch() throws {
        let text = """
            a: {script: x, rules: [{if: '$X == "1"', when: manual}, {when: always, allow_failure: true}]}
            b: {script: x, rules: [{if: '$X == "1"', variables: {V: rule}}], variables: {V: job}}
            c: {script: x, when: manual, rules: [{if: $X}]}
            always: {script: x}
            """
        let one = try Planning.plan(text, Self.context(["X": "1"]))
        #expect(one.jobs.map(\.name) == ["a", "b", "c", "always"])
        #expect(one.job(named: "a")?.when == .manual)
        #expect(one.job(named: "a")?.allowFailure == .never)
        #expect(one.job(named: "b")?.variables.last == Variable("V", "rule"))
        #expect(one.job(named: "c")?.when == .manual)
        let none = try Planning.plan(text, Self.context())
        #expect(none.jobs.map(\.name) == ["a", "always"])
        #expect(none.job(named: "a")?.when == .always)
        #expect(none.job(named: "a")?.allowFailure == .always)
    }

    @Test(
        "changes match paths as GitLab's globs do",
        arguments: [
            ("*.md", ["readme.md"], true), ("*.md", ["docs/a.md"], false), ("**/*.md", ["docs/deep/a.md"], true),
            ("**/*.md", ["a.md"], true), ("docs/**/*", ["docs/a/b"], true), ("docs/**", ["docs/a/b"], false),
            ("docs/**", ["docs/a"], true), ("src/*.{js,ts}", ["src/x.ts"], true),
            ("src/*.{js,ts}", ["src/x.py"], false),
            ("a?c", ["abc"], true), ("a?c", ["a/c"], false), ("[ab].txt", ["b.txt"], true),
            ("[!ab].txt", ["b.txt"], false),
            (".github/*", [".github/.x"], true), ("$DIR/x", ["lib/x"], true), ("./lib/x", ["lib/x"], true),
            ("a\\*b", ["a*b"], true), ("a\\*b", ["axb"], false), ("src/**/test/*.py", ["src/test/a.py"], true),
            ("Dockerfile", ["docker/Dockerfile"], false), ("**/Dockerfile", ["Dockerfile"], true),
            ("**/Dockerfile", ["a/b/Dockerfile"], true), ("**/Dockerfile", ["a/MyDockerfile"], false),
            ("a/**/b", ["a/b"], true), ("{a,b}/c", ["b/c"], true), ("{a,b/{c,d}}", ["b/d"], true),
            ("{**/a,b}", ["a"], true), ("{**/a,b}", ["x/y/a"], true), ("x{**/a,b}", ["x/y/a"], false),
            ("{a/,b/}**/c", ["a/x/y/c"], true), ("$NOWHERE/x", ["/x"], false), ("$NOWHERE/x", ["$NOWHERE/x"], true),
        ])
    func globs(glob: String, changed: [String], matches: Bool) {
        let text = "job: {script: x, variables: {DIR: lib}, rules: [{changes: ['\(glob)']}]}"
        let step = Planning.step(text, Self.context(changed: changed))
        if case .planned = step { #expect(matches) } else { #expect(!matches, "\(step)") }
    }

    @Test("conditions see variables as they are written, paths see them expanded")
    func nestedVariables() throws {
        let text = """
            variables: {MAIN: $CI_DEFAULT_BRANCH, FOLDER: lib, FILE: $FOLDER/x}
            a: {script: x, rules: [{if: $CI_COMMIT_BRANCH == $MAIN}]}
            b: {script: x, rules: [{if: $MAIN == "$CI_DEFAULT_BRANCH"}]}
            c: {script: x, rules: [{changes: [$FILE]}]}
            """
        let plan = try Planning.plan(text, Self.context(changed: ["lib/x"]))
        #expect(plan.jobs.map(\.name) == ["b", "c"])
    }

    @Test("changes hold where there is nothing to compare with")
    func noBase() throws {
        #expect(try Planning.plan("job: {script: x, rules: [{changes: [y]}]}", Self.context()).jobs.count == 1)
    }

    @Test("exists looks at the tree, and all conditions of one rule must hold")
    func exists() throws {
        let text = "job: {script: x, rules: [{if: $GO, exists: [\"**/Dockerfile\"]}]}"
        let tree = ["a/b/Dockerfile"]
        #expect(try Planning.plan(text, Self.context(tree: tree, ["GO": "1"])).jobs.count == 1)
        guard case .nothing = Planning.step(text, Self.context(tree: tree)) else {
            Issue.record("a rule held in part")
            return
        }
        guard case .nothing = Planning.step(text, Self.context(tree: ["b"], ["GO": "1"])) else {
            Issue.record("a file was found that is not there")
            return
        }
    }

    @Test("a workflow's rules decide about the whole pipeline, its name and its variables")
    func workflow() throws {
        let text = """
            workflow:
              name: Pipeline for $CI_COMMIT_BRANCH
              rules:
                - {if: '$CI_COMMIT_TAG', when: never}
                - {if: $CI_COMMIT_BRANCH, variables: {FROM: workflow}}
            job: {script: x, rules: [{if: '$FROM == "workflow"'}]}
            """
        let plan = try Planning.plan(text, Self.context())
        #expect(plan.name == "Pipeline for main")
        #expect(plan.variables == [Variable("FROM", "workflow")])
        guard case .nothing(let reason, _) = Planning.step(text, Self.context(ref: "v1", kind: .tag)) else {
            Issue.record("a pipeline for a tag")
            return
        }
        #expect(reason == "workflow: rules ask for no pipeline for tag v1 (push).")
    }

    @Test("what a newer pipeline does to this one is of the plan, and a rule of the workflow may say it otherwise")
    func autoCancel() throws {
        let text = """
            workflow:
              auto_cancel: {on_new_commit: interruptible}
              rules:
                - {if: $CI_COMMIT_TAG, auto_cancel: {on_new_commit: none}}
                - {when: always}
            job: {script: x}
            """
        #expect(try Planning.plan(text).onNewCommit == .interruptible)
        #expect(try Planning.plan(text, Self.context(ref: "v1", kind: .tag)).onNewCommit == Plan.OnNewCommit.none)
        let old = try Planning.plan("job: {script: x}")
        #expect(old.onNewCommit == nil)
        #expect(old.warnings.isEmpty)
    }

    @Test("a job without rules joins branches and tags, and merge requests only under a workflow")
    func mergeRequests() throws {
        let request = Self.context(ref: "feature", kind: .mergeRequest, source: "merge_request_event")
        guard case .nothing = Planning.step("job: {script: x}", request) else {
            Issue.record("the job joined a merge request")
            return
        }
        let workflow = "workflow: {rules: [{when: always}]}\njob: {script: x}"
        #expect(try Planning.plan(workflow, request).jobs.count == 1)
    }

    @Test("a needed job that its rules left out is an error that names both, unless the need is optional")
    func needs() throws {
        let text = "a: {script: x, rules: [{if: $NO}]}\nb: {script: x, needs: [{job: a, optional: OPTIONAL}]}\n"
        let message = Planning.refusal(text.replacing("OPTIONAL", with: "false")).first?.message
        #expect(message?.contains("\"b\" needs \"a\"") == true)
        let plan = try Planning.plan(text.replacing("OPTIONAL", with: "true"))
        #expect(plan.job(named: "b")?.needs == [])
    }

    @Test("a variable that is used as a pattern and is none is an error")
    func variablePattern() {
        let found = Planning.refusal(
            "job: {script: x, rules: [{if: '$A =~ $B'}]}", Self.context(["A": "x", "B": "/(/"]))
        #expect(found.first?.message.contains("uses a variable as a pattern") == true)
    }
}

@Suite("A delayed job")
struct DelayedTests {
    @Test("waits as long as it or its rule says, and counts like any other")
    func delays() throws {
        let plan = try Planning.plan(
            """
            a: {script: echo, when: delayed, start_in: 30 minutes}
            b: {script: echo, rules: [{when: delayed, start_in: 1 day}]}
            """)
        let (a, b) = (try #require(plan.job(named: "a")), try #require(plan.job(named: "b")))
        #expect(a.when == .delayed && a.startIn == .minutes(30) && a.allowFailure == .never)
        #expect(b.when == .delayed && b.startIn == .days(1))
    }

    @Test(
        "says how long, and nobody else does",
        arguments: [
            ("when: delayed", "when: delayed needs start_in"), ("start_in: 1 day", "start_in belongs to when: delayed"),
            ("when: delayed, start_in: soon", "is not a time span"),
            ("when: delayed, start_in: 8 days", "a week at most"),
            ("rules: [{when: delayed}]", "rules: when: delayed needs start_in"),
            ("rules: [{when: manual, start_in: 1 day}]", "rules: start_in belongs to when: delayed"),
        ])
    func refusals(keys: String, message: String) {
        let found = Planning.refusal("a: {script: echo, \(keys)}").map(\.message)
        #expect(found.contains { $0.contains(message) }, "\(found)")
    }
}
