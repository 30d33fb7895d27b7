import PipelineLanguage
import PipelineModel
import Testing

@Suite("Inputs of an included file")
struct InputTests {
    private static let template = """
        spec:
          inputs:
            stage: {default: test}
            name: {regex: "^[a-z]+$", description: what it is called}
            flag: {type: boolean, default: false}
            count: {type: number, default: 2}
            steps: {type: array, default: [one, two]}
        ---
        "$[[ inputs.name ]]-job":
          stage: $[[ inputs.stage ]]
          interruptible: $[[inputs.flag]]
          retry: $[[ inputs.count ]]
          script:
            - echo $[[ inputs.name ]] in $[[ inputs.stage | truncate(0, 2) ]]
            - $[[ inputs.steps ]]
            - echo $[[ inputs.steps ]]
        """

    private static func plan(_ inputs: String, _ template: String = template) throws -> Plan {
        try Planning.plan("include: [{local: a.yml, inputs: \(inputs)}]\n", others: ["a.yml": template])
    }

    private static func refusal(_ inputs: String, _ template: String = template) -> String {
        let file = "include: [{local: a.yml, inputs: \(inputs)}]\n"
        return Planning.refusal(file, others: ["a.yml": template]).map(\.message).joined(separator: "\n")
    }

    @Test("stand for their values, in keys too, and a block by itself is the value whatever its type")
    func values() throws {
        let job = try #require(try Self.plan("{name: lint, flag: true}").job(named: "lint-job"))
        #expect(job.stage == "test" && job.interruptible && job.retry.limit == 2)
        #expect(job.script == ["echo lint in te", "one", "two", "echo [\"one\",\"two\"]"])
    }

    @Test("may differ wherever the file is included")
    func twice() throws {
        let file = """
            include:
              - {local: a.yml, inputs: {name: lint}}
              - {local: a.yml, inputs: {name: unit, steps: [three]}}
            """
        let plan = try Planning.plan(file, others: ["a.yml": Self.template])
        #expect(plan.jobs.map(\.name) == ["lint-job", "unit-job"])
        #expect(plan.job(named: "unit-job")?.script.last == "echo [\"three\"]")
    }

    @Test("of the pipeline file itself have their defaults, and a file without a header keeps its text")
    func root() throws {
        let header = "spec: {inputs: {env: {default: staging}}}\n---\njob: {script: 'echo $[[ inputs.env ]]'}\n"
        #expect(try Planning.plan(header).job(named: "job")?.script == ["echo staging"])
        let plain = try Planning.plan("job: {script: 'echo $[[ inputs.env ]]'}\n")
        #expect(plain.job(named: "job")?.script == ["echo $[[ inputs.env ]]"])
    }

    @Test("can name the files that are included further")
    func nested() throws {
        let middle = """
            spec: {inputs: {which: }}
            ---
            include: [{local: "$[[ inputs.which ]].yml", inputs: {name: "$[[ inputs.which ]]"}}]
            """
        let plan = try Planning.plan(
            "include: [{local: m.yml, inputs: {which: a}}]\n", others: ["m.yml": middle, "a.yml": Self.template])
        #expect(plan.jobs.map(\.name) == ["a-job"])
    }

    @Test(
        "that are missing, unknown, or not what is declared are told",
        arguments: [
            ("{}", "The input \"name\" has no default, and is not given."),
            ("{name: lint, nam: x}", "the file has no input \"nam\". Did you mean \"name\"?"),
            ("{name: LINT}", "name is \"LINT\", which does not match ^[a-z]+$."),
            ("{name: 7}", "name must be of type string, and is a number."),
            ("{name: lint, flag: \"true\"}", "flag must be of type boolean, and is a text."),
            ("{name: lint, steps: one}", "steps must be of type array, and is a text."),
            ("[name]", "inputs must be a map of names and values, and is a list."),
        ])
    func refused(inputs: String, message: String) {
        #expect(Self.refusal(inputs).contains(message), "\(Self.refusal(inputs))")
    }

    @Test(
        "that the file itself gets wrong are told",
        arguments: [
            ("spec: {inputs: {a: {type: text}}}\n---\nj: {script: e}", "input a: type \"text\" is not known."),
            ("spec: {inputs: {a: {default: 1}}}\n---\nj: {script: e}", "input a: default must be of type string"),
            ("spec: {inputs: {a: {options: [x, y], default: z}}}\n---\nj: {script: e}", "none of its options: x, y."),
            ("spec: {inputs: {a: {regex: \"(\", default: z}}}\n---\nj: {script: e}", "regex ( is no pattern"),
            ("spec: {}\n---\nj: {script: 'e $[[ inputs.b ]]'}", "$[[ inputs.b ]] is no input of this file."),
            (
                "spec: {inputs: {a: {default: z}}}\n---\nj: {script: 'e $[[ inputs.a | upper ]]'}",
                "upper is no function"
            ),
            ("spec: {inputs: {a: {default: z}}}\nj: {script: e}", "spec stands in a document of its own"),
            ("spec: {inputs: {a: {default: z}}}\n---\nj: {script: e}\n---\nk: {script: e}", "one YAML document"),
        ])
    func wrongHeader(template: String, message: String) {
        let found = Planning.refusal(template).map(\.message).joined(separator: "\n")
        #expect(found.contains(message), "\(found)")
    }

    @Test("go through functions in turn")
    func functions() throws {
        let file = """
            spec: {inputs: {a: {default: "it's $REF"}}}
            ---
            variables: {REF: x}
            job: {script: 'echo $[[ inputs.a | posix_escape | truncate(0, 8) ]]'}
            """
        #expect(try Planning.plan(file).job(named: "job")?.script == [#"echo it\'s\ \"#])
    }

    @Test("that would make the file larger than is read are refused")
    func bounded() {
        let uses = String(repeating: "$[[ inputs.a ]]", count: 2_000)
        let file = """
            spec: {inputs: {a: {default: "\(String(repeating: "x", count: 10_000))"}}}
            ---
            job: {script: 'echo \(uses)'}
            """
        #expect(Planning.refusal(file).contains { $0.message == "The inputs make the file longer than is read." })
    }
}
