import PipelineLanguage
import PipelineModel
import Testing

@Suite("Diagnostics")
struct DiagnosticTests {
    @Test("name the file, the line, the column, and show the line itself")
    func place() throws {
        let text = "train:\n  script: echo\n\nevaluate:\n  script: echo\n  needs: [trian]\n"
        let diagnostic = try #require(Planning.refusal(text).first)
        #expect(diagnostic.description.hasPrefix(".pawl.yml:6:11 error evaluate: needs: \"trian\" is not a job"))
        #expect(diagnostic.message.hasSuffix("Did you mean \"train\"?"))
        #expect(diagnostic.line == "  needs: [trian]")
        #expect(diagnostic.length == 5)
    }

    @Test("are given all at once, in the order of their places")
    func allAtOnce() {
        let text = """
            b:
              script: echo
              stage: nowhere
              cache: {paths: [x]}
            a:
              scirpt: echo
              retry: 7
              timeout: soon
            """
        let lines = Planning.refusal(text).map { $0.place?.line }
        #expect(lines == [3, 4, 5, 6, 7, 8])
    }

    @Test("tell a mistake of a template once, however many jobs use it")
    func once() {
        let text = ".t: {script: echo, services: [redis]}\na: {extends: .t}\nb: {extends: .t}\nc: {extends: .t}\n"
        let diagnostics = Planning.refusal(text)
        #expect(diagnostics.count == 1)
        #expect(diagnostics.first?.message.hasPrefix("a (and 2 more jobs): services is not supported yet.") == true)
        #expect(diagnostics.first?.place == .init(file: ".pawl.yml", line: 1, column: 20))
    }

    @Test("count columns in characters, not bytes")
    func columns() {
        let diagnostic = Planning.refusal("jöb🦊: {script: echo, oops: 1}").first
        #expect(diagnostic?.place?.column == 22)
    }

    @Test(
        "say what is wrong and what to do",
        arguments: [
            ("job: {script: echo, scirpt: x}", "Did you mean \"script\"?"),
            ("job: {scirpt: echo}", "script is missing"),
            ("job: {script: [{echo a: b}]}", "needs quotes around it"),
            ("job: {script: [1]}", "Put it in quotes"),
            ("job: {script: echo, cache: {paths: [a]}}", "cache is not supported yet"),
            ("job: {script: echo, trigger: other/project}", "trigger is not supported yet"),
            ("job: {script: echo, when: never}", "belongs into rules"),
            ("job: {script: echo, stage: tset}", "Did you mean \"test\"?"),
            ("job: {script: echo, artifacts: {untracked: true}}", "Name the files under paths"),
            ("job: {script: echo, needs: [job]}", "cannot need itself"),
            ("job: {script: echo, needs: [{pipeline: other}]}", "pipeline is not supported yet"),
            ("stages: [build]\njob: {script: echo}", "means \"test\", and that is not one of the stages"),
            ("a: {script: echo}\nb: {script: echo, needs: [a, {job: a}]}", "\"a\" is named twice"),
            (
                "a: {script: echo}\nb: {script: echo, rules: [{when: always, needs: [a, a]}]}",
                "rules: needs: \"a\" is named twice"
            ),
            ("job: {script: echo, rules: [{}]}", "a rule says nothing"),
            ("job: {script: echo, rules: [{changes: {regexp: x}}]}", "changes: regexp is not supported yet"),
            ("job: {script: echo, rules: [{exists: {regexp: x}}]}", "exists: regexp is not supported yet"),
            ("job: {script: echo, variables: {A: {value: }}}", "value must be a text"),
            ("job: {script: echo, rules: []}", "rules is an empty list"),
            ("job: {script: echo, rules: [{if: '$A = 1'}]}", "write == or =~"),
            ("job: {script: echo, variables: {A: [1]}}", "must be a text"),
            ("job: {script: echo, extends: .base}\n.bas: {}", "Did you mean \".bas\"?"),
            ("job: {script: *setup}", "anchor that is not defined"),
            ("job:\n\tscript: echo", "never with tabs"),
            ("job: {script: a}\n? [a]\n: b\n? [a]\n: c", "stands more than once"),
            ("include: {remote: 'https://x'}\njob: {script: a}", "include: remote is not supported"),
            ("include: ../x.yml\njob: {script: a}", "leads out of the repository"),
            (".hidden: {script: a}", "There is no job"),
        ])
    func words(text: String, words: String) {
        let diagnostics = Planning.refusal(text)
        #expect(diagnostics.contains { $0.severity == .error && $0.message.contains(words) }, "\(diagnostics)")
        #expect(diagnostics.allSatisfy { $0.place != nil && $0.line != nil })
    }

    @Test("a file that is not there is told as such")
    func missing() {
        let step = Planner().plan(file: ".pawl.yml", files: [".pawl.yml": .missing], context: Planning.push)
        guard case .refused(let diagnostics) = step else {
            Issue.record("\(step)")
            return
        }
        #expect(diagnostics.map(\.message) == ["There is no .pawl.yml at this commit, so there is nothing to plan."])
    }

    @Test("keys that ask for nothing are let be")
    func harmless() throws {
        let plan = try Planning.plan("job: {script: echo, cache: [], services: [], only: , except: }")
        #expect(plan.warnings.isEmpty)
    }
}
