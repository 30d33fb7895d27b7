import PipelineLanguage
import PipelineModel
import Testing

@Suite("Includes")
struct IncludeTests {
    @Test("are asked for round by round, nested ones when the file that names them is there")
    func rounds() {
        let root = "include: [a.yml, {local: /b.yml}]\njob: {script: echo}\n"
        var files: [String: SourceFile] = [:]
        var asked: [[String]] = []
        let contents = [
            ".pawl.yml": root, "a.yml": "include: c.yml", "b.yml": "b: {script: echo}", "c.yml": "c: {script: echo}",
        ]
        while case .needsFiles(let paths) = Planner().plan(file: ".pawl.yml", files: files, context: Planning.push) {
            asked.append(paths)
            for path in paths { files[path] = contents[path].map { .text($0) } ?? .missing }
        }
        #expect(asked == [[".pawl.yml"], ["a.yml", "b.yml"], ["c.yml"]])
        guard case .planned(let plan) = Planner().plan(file: ".pawl.yml", files: files, context: Planning.push) else {
            Issue.record("not planned")
            return
        }
        #expect(plan.jobs.map(\.name) == ["c", "b", "job"])
    }

    @Test("are merged map by map, the including file and the later include winning")
    func merging() throws {
        let plan = try Planning.plan(
            "include: [a.yml, b.yml]\njob: {variables: {C: own}}\n",
            others: [
                "a.yml": "job: {script: [a1, a2], variables: {A: a, B: a, C: a}}",
                "b.yml": "job: {script: [b], variables: {B: b}}",
            ])
        #expect(plan.job(named: "job")?.script == ["b"])
        #expect(plan.job(named: "job")?.variables == [Variable("A", "a"), Variable("B", "b"), Variable("C", "own")])
    }

    @Test("that are not there are told at the place that names them")
    func missing() {
        let files: [String: SourceFile] = [".pawl.yml": .text("include:\n  - nothing.yml\n"), "nothing.yml": .missing]
        guard case .refused(let found) = Planner().plan(file: ".pawl.yml", files: files, context: Planning.push) else {
            Issue.record("not refused")
            return
        }
        #expect(
            found.map(\.description) == [".pawl.yml:2:5 error include: there is no file nothing.yml at this commit."])
    }

    @Test("that go in a circle are refused, and the same file may be included twice")
    func circles() throws {
        let others = ["a.yml": "include: b.yml", "b.yml": "include: a.yml"]
        let message = Planning.refusal("include: a.yml\njob: {script: echo}", others: others).first?.message
        #expect(message?.contains("a.yml includes itself through .pawl.yml, a.yml, b.yml") == true)
        let twice = ["a.yml": "include: c.yml", "b.yml": "include: c.yml", "c.yml": "c: {script: echo}"]
        #expect(try Planning.plan("include: [a.yml, b.yml]", others: twice).jobs.count == 1)
    }

    @Test("stand under a rule if they say so")
    func rules() throws {
        let text = "include:\n  - {local: a.yml, rules: [{if: $CI_COMMIT_BRANCH == \"other\"}]}\njob: {script: echo}\n"
        #expect(try Planning.plan(text).jobs.map(\.name) == ["job"])
    }

    @Test("by a glob take the files of the tree in order")
    func globs() throws {
        var context = Planning.push
        context.tree = ["ci/b.yml", "ci/a.yml", "ci/deep/c.yml", "ci/a.txt", "a.yml"]
        let others = ["ci/a.yml": "a: {script: echo}", "ci/b.yml": "b: {script: echo}"]
        #expect(try Planning.plan("include: ci/*.yml", others: others, context).jobs.map(\.name) == ["a", "b"])
    }

    @Test("by a glob that no file matches bring nothing, and the author is warned")
    func globsWithoutMatch() throws {
        let plan = try Planning.plan("include: ci/*.yml\njob: {script: echo}")
        #expect(plan.jobs.map(\.name) == ["job"])
        #expect(plan.warnings.map(\.message) == ["include: no file matches ci/*.yml."])
    }

    @Test("have a bound on their size together")
    func size() {
        let others = ["a.yml": "# " + String(repeating: "x", count: 1 << 20)]
        let message = Planning.refusal("include: a.yml\njob: {script: echo}", others: others).first?.message
        #expect(message?.contains("1048576 are allowed") == true)
    }
}
