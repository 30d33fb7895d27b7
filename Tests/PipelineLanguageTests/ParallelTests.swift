import PipelineLanguage
import PipelineModel
import Testing

@Suite("Jobs in parts")
struct ParallelTests {
    @Test("parallel makes numbered jobs that know their number")
    func numbers() throws {
        let plan = try Planning.plan("job: {script: x, parallel: 2}\none: {script: x, parallel: 1}")
        #expect(plan.jobs.map(\.name) == ["job 1/2", "job 2/2", "one 1/1"])
        #expect(plan.jobs.map(\.part?.index) == [1, 2, 1])
        let variables = PredefinedVariables.planned(job: plan.jobs[1])
        #expect(variables.first { $0.name == "CI_NODE_INDEX" }?.value == "2")
        #expect(variables.first { $0.name == "CI_NODE_TOTAL" }?.value == "2")
    }

    @Test("a matrix makes one job for each combination, with its values in its name and variables")
    func matrix() throws {
        let text = """
            job:
              script: x
              variables: {OS: none, KEPT: k}
              tags: [$OS]
              rules: [{if: '$ARCH != "arm" || $OS != "mac"'}]
              parallel:
                matrix:
                  - {ARCH: [x64, arm], OS: [linux, mac]}
                  - {ARCH: 3.0}
            """
        let plan = try Planning.plan(text)
        #expect(plan.jobs.map(\.name) == ["job: [x64, linux]", "job: [x64, mac]", "job: [arm, linux]", "job: [3.0]"])
        #expect(plan.jobs.map(\.tags) == [["linux"], ["mac"], ["linux"], ["none"]])
        #expect(VariableExpansion(plan.jobs[1].variables)["ARCH"] == "x64")
        #expect(VariableExpansion(plan.jobs[1].variables)["KEPT"] == "k")
    }

    @Test("who needs or depends on a job in parts means all of them, or those that it names")
    func needs() throws {
        let text = """
            build: {stage: build, script: x, parallel: {matrix: [{ARCH: [x64, arm], OS: [linux, mac]}]}}
            all: {script: x, needs: [{job: build, artifacts: false}]}
            some: {script: x, needs: [{job: build, parallel: {matrix: [{ARCH: arm, OS: [linux, mac]}]}}]}
            one: {script: x, needs: ["build: [x64, mac]"]}
            maybe: {script: x, needs: [{job: build, optional: true, parallel: {matrix: [{ARCH: m68k, OS: mac}]}}]}
            later: {script: x, dependencies: [build]}
            """
        let plan = try Planning.plan(text)
        let all = ["build: [x64, linux]", "build: [x64, mac]", "build: [arm, linux]", "build: [arm, mac]"]
        #expect(plan.job(named: "all")?.needs?.map(\.job) == all)
        #expect(plan.job(named: "all")?.needs?.allSatisfy { !$0.artifacts } == true)
        #expect(plan.job(named: "some")?.needs?.map(\.job) == Array(all[2...]))
        #expect(plan.job(named: "one")?.needs?.map(\.job) == [all[1]])
        #expect(plan.job(named: "maybe")?.needs == [])
        #expect(plan.job(named: "later")?.dependencies == all)
    }

    @Test(
        "what makes no parts is told",
        arguments: [
            ("job: {script: x, parallel: 0}", "from 1 to 200"), ("job: {script: x, parallel: 201}", "from 1 to 200"),
            ("job: {script: x, parallel: {}}", "needs a matrix"),
            ("job: {script: x, parallel: {matrix: []}}", "needs a matrix"),
            ("job: {script: x, parallel: {matrix: [{A: []}]}}", "a list of 1 to 200 texts"),
            ("job: {script: x, parallel: {matrix: [{A: {b: c}}]}}", "a list of 1 to 200 texts"),
            ("job: {script: x, parallel: {matrix: [{A: [a, a]}]}}", "two jobs would be called \"job: [a]\""),
            ("job: {script: x, parallel: {matrix: [{A B: a}]}}", "cannot name a variable"),
            ("job: {script: x, parallel: {matrix: [\(wide)]}}", "makes more than 200 jobs"),
            ("job: {script: x, parallel: {matrix: [\(deep)]}}", "makes more than 200 jobs"),
            ("job: {script: x, parallel: 2}\n\"job 1/2\": {script: x}", "two jobs would be called"),
            (
                "a: {script: x}\nb: {script: x, needs: [{job: a, parallel: {matrix: [{A: a}]}}]}",
                "\"a: [a]\" is not a job"
            ),
            (
                "a: {script: x, parallel: {matrix: [{A: [a], B: [b, c]}]}}\n"
                    + "b: {script: x, needs: [{job: a, parallel: {matrix: [{A: a}]}}]}", "\"a: [a]\" is not a job"
            ),
            ("a: {script: x, parallel: 51}\nb: {script: x, needs: [a]}", "more than 50 jobs are needed"),
            (
                (0..<6).map { "j\($0): {script: x, parallel: 200}\n" }.joined(),
                "With the parts of parallel there are more than 1000 jobs"
            ),
        ])
    func refused(text: String, words: String) {
        let diagnostics = Planning.refusal(text)
        #expect(diagnostics.contains { $0.message.contains(words) && $0.place != nil }, "\(diagnostics)")
    }

    private static let wide = "{A: [1, 2, 3, 4, 5, 6], B: [1, 2, 3, 4, 5, 6], C: [1, 2, 3, 4, 5, 6]}"
    private static let deep = "{\((0..<100).map { "V\($0): [1, 2]" }.joined(separator: ", "))}"
}
