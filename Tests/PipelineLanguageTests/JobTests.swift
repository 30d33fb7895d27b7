import PipelineLanguage
import PipelineModel
import Testing

@Suite("Jobs")
struct JobTests {
    @Test("have GitLab's defaults")
    func defaults() throws {
        let plan = try Planning.plan("job: {script: make}")
        #expect(plan.stages == [".pre", "build", "test", "deploy", ".post"])
        #expect(plan.jobs == [PlannedJob(name: "job", stage: "test", script: ["make"])])
        #expect(plan.warnings.isEmpty)
    }

    @Test("come in the order of their stages, and within one in the order of the file")
    func order() throws {
        let text = """
            stages: [two, one]
            a: {stage: one, script: x}
            last: {stage: .post, script: x}
            b: {stage: two, script: x}
            c: {stage: one, script: x}
            first: {stage: .pre, script: x}
            """
        #expect(try Planning.plan(text).jobs.map(\.name) == ["first", "b", "a", "c", "last"])
    }

    @Test("are read key by key")
    func keys() throws {
        let text = """
            job:
              image: {name: "python:3", entrypoint: [""], pull_policy: if-not-present}
              before_script: [a, [b, c]]
              script: d
              after_script: [e]
              artifacts: {name: n, paths: [out/], exclude: [out/tmp], when: always, expire_in: 1 week}
              retry: {max: 2, when: [runner_system_failure, script_failure], exit_codes: [137]}
              allow_failure: {exit_codes: 3}
              timeout: 1h 30m
              interruptible: true
              resource_group: gpus of $KIND
              tags: [gpu, $KIND]
              variables: {KIND: big, RAW: {value: $X, expand: false}, PORT: 8080}
              environment: {name: review/$CI_COMMIT_REF_SLUG, url: "https://x", deployment_tier: staging, action: prepare}
            """
        let plan = try Planning.plan(text)
        #expect(plan.warnings.map { $0.message.prefix(20) } == ["job: artifacts: name"])
        let job = try #require(plan.jobs.first)
        #expect(job.image == .init(name: "python:3", entrypoint: [""], pullPolicy: [.ifNotPresent]))
        #expect(job.beforeScript == ["a", "b", "c"])
        #expect(job.script == ["d"])
        #expect(job.afterScript == ["e"])
        #expect(
            job.artifacts == .init(name: "n", paths: ["out/"], exclude: ["out/tmp"], when: .always, expireIn: .days(7)))
        #expect(job.retry.limit == 2)
        #expect(job.retry.classes == [.system, .image, .gpu, .lost, .script, .outOfMemory, .outOfDisk])
        #expect(job.retry.exitCodes == [137])
        #expect(job.allowFailure == .exitCodes([3]))
        #expect(job.timeout == .minutes(90))
        #expect(job.interruptible)
        #expect(job.resourceGroup == "gpus of $KIND")
        #expect(job.tags == ["gpu", "big"])
        #expect(
            job.variables == [Variable("KIND", "big"), Variable("RAW", "$X", expands: false), Variable("PORT", "8080")])
        #expect(
            job.environment
                == .init(name: "review/$CI_COMMIT_REF_SLUG", url: "https://x", action: .prepare, tier: "staging"))
    }

    @Test("take over defaults whole, unless they say otherwise")
    func inheriting() throws {
        let text = """
            default: {image: base, before_script: [d], tags: [t]}
            variables: {A: a, B: b}
            all: {script: x}
            own: {script: x, image: own, before_script: []}
            none: {script: x, inherit: {default: false, variables: false}}
            some: {script: x, inherit: {default: [image], variables: [B]}}
            """
        let plan = try Planning.plan(text)
        #expect(plan.jobs.map { $0.image?.name } == ["base", "own", nil, "base"])
        #expect(plan.jobs.map(\.beforeScript) == [["d"], [], [], []])
        #expect(plan.jobs.map { $0.variables.map(\.name) } == [["A", "B"], ["A", "B"], [], ["B"]])
    }

    @Test("extend others level by level, maps merged, lists replaced, the later parent winning")
    func extends() throws {
        let text = """
            .a: {script: [a], variables: {X: a, Y: a}, tags: [a]}
            .b: {extends: .a, script: [b], variables: {Y: b}}
            .c: {variables: {X: c}, tags: [c]}
            job: {extends: [.b, .c], variables: {Z: own}}
            """
        let job = try #require(try Planning.plan(text).jobs.first)
        #expect(job.script == ["b"])
        #expect(job.tags == ["c"])
        #expect(job.variables == [Variable("X", "c"), Variable("Y", "b"), Variable("Z", "own")])
    }

    @Test("refer to parts of each other, of the file, and through extends")
    func references() throws {
        let text = """
            variables: {SHARED: yes-it-is}
            .setup: {script: [one, two], rules: [{if: $CI_COMMIT_BRANCH}]}
            .mid: {extends: .setup}
            job:
              script: [zero, !reference [.mid, script], three]
              variables: {COPY: !reference [variables, SHARED]}
              rules: [!reference [.setup, rules]]
            """
        let job = try #require(try Planning.plan(text).jobs.first)
        #expect(job.script == ["zero", "one", "two", "three"])
        #expect(job.variables.last == Variable("COPY", "yes-it-is"))
        let circle = Planning.refusal("a: {script: [!reference [b, script]]}\nb: {script: [!reference [a, script]]}")
        #expect(circle.contains { $0.message.contains("leads back to itself") })
    }

    @Test("use anchors and merge keys as GitLab's parser reads them")
    func anchors() throws {
        let text = """
            .a: &a {A: a, X: a}
            .b: &b {B: b, X: b}
            .steps: &steps [one, two]
            job:
              variables:
                <<: [*a, *b]
                C: c
              script: [*steps, "echo *.txt"]
            """
        let job = try #require(try Planning.plan(text).jobs.first)
        #expect(
            Dictionary(uniqueKeysWithValues: job.variables.map { ($0.name, $0.value) }) == [
                "A": "a", "B": "b", "X": "a", "C": "c",
            ])
        #expect(job.script == ["one", "two", "echo *.txt"])
    }

    @Test("of keys that a map has twice the last counts, and the author is warned")
    func repeatedKeys() throws {
        let text = "job: {script: a}\n'other': {script: x}\njob:\n  script: b\n  script: c\n'other': {script: y}"
        let plan = try Planning.plan(text)
        #expect(plan.jobs.map(\.name) == ["job", "other"])
        #expect(plan.jobs.map(\.script) == [["c"], ["y"]])
        #expect(plan.warnings.map(\.place?.line) == [1, 2, 4])
        let many = (0..<30).map { "k\($0): {script: x}\nk\($0): {script: y}\n" }.joined()
        #expect(Planning.refusal(many).contains { $0.message.contains("stands more than once") })
    }

    @Test("lay every merge key of a map over what stands before it")
    func mergeKeys() throws {
        let text = """
            .a: &a {A: a, X: a}
            .b: &b {B: b, X: b}
            job:
              variables:
                C: c
                <<: *a
                <<: *b
              script: ["cat <<EOF <<EOF"]
            """
        let job = try #require(try Planning.plan(text).jobs.first)
        #expect(
            job.variables == [Variable("C", "c"), Variable("A", "a"), Variable("X", "b"), Variable("B", "b")])
        #expect(job.script == ["cat <<EOF <<EOF"])
    }

    @Test("are the same with the line ends of Windows, and stars stay stars whatever follows them")
    func texts() throws {
        let plan = try Planning.plan(
            "job:\r\n  script:\r\n    - \"*\u{301} **/*.py\"\r\n    - echo *\r\n  stage: build\r\n")
        #expect(plan.jobs.first?.script == ["*\u{301} **/*.py", "echo *"])
        #expect(plan.jobs.first?.stage == "build")
        #expect(Planning.refusal("a:\r\n  script: x\r\n  stage: no\r\n").first?.line == "  stage: no")
    }

    @Test("numbers lose their form in variables as in GitLab, and the author is warned")
    func numbers() throws {
        let plan = try Planning.plan("job: {script: x, variables: {V: 3.10, W: \"3.10\", O: 010, N: 1_000, Y: yes}}")
        #expect(plan.jobs[0].variables.map(\.value) == ["3.1", "3.10", "8", "1000", "true"])
        #expect(plan.warnings.map { $0.message.contains("Put it in quotes") } == [true, true, true])
    }

    @Test("a manual job may fail, unless it says so or rules made it manual")
    func manual() throws {
        let text =
            "a: {script: x, when: manual}\nb: {script: x, when: manual, allow_failure: false}\nc: {script: x, rules: [{when: manual}]}\nd: {script: x}"
        #expect(try Planning.plan(text).jobs.map(\.allowFailure) == [.always, .never, .never, .never])
    }

    @Test("needs that go in a circle are told with the whole way")
    func circle() {
        let found = Planning.refusal(
            "a: {script: x, needs: [b]}\nb: {script: x, needs: [c]}\nc: {script: x, needs: [a]}\nd: {script: x, needs: [a]}"
        )
        #expect(found.map(\.message) == ["a: needs goes in a circle: a → b → c → a."])
    }

    @Test("needs that only rules lead into a circle are told too")
    func circleOfRules() {
        let found = Planning.refusal(
            "a: {script: x, needs: [b]}\nb: {script: x, rules: [{when: always, needs: [a]}]}\nc: {script: x, needs: [a]}"
        )
        #expect(found.map(\.message) == ["a: rules: needs goes in a circle: a → b → a."])
    }

    @Test("a job that needs nothing may depend on others, and gets nothing of them")
    func dependenciesWithoutNeeds() throws {
        let text = "a: {stage: build, script: x}\nb: {script: x, needs: [], dependencies: [a]}"
        #expect(try Planning.plan(text).job(named: "b")?.dependencies == [])
    }

    @Test(
        "retries know every reason that GitLab knows",
        arguments: [
            ("runner_interrupted", [FailureClass.lost]), ("no_updates_running", [.lost]),
            ("runner_configuration_error", [.image, .policy]), ("runner_external_dependency_failure", [.image]),
            ("server_timeout_running", [.timeout]), ("server_timeout_canceling", []), ("no_updates_canceling", []),
            ("stuck_pending_with_matching_runners", []), ("stuck_pending_no_matching_runners", []),
        ])
    func retryReasons(reason: String, classes: [FailureClass]) throws {
        let plan = try Planning.plan("job: {script: x, retry: {max: 1, when: \(reason)}}")
        #expect(plan.jobs.first?.retry.classes == classes)
    }

    @Test("dependencies on jobs that are left out are dropped")
    func dependencies() throws {
        let text =
            "a: {stage: build, script: x}\nb: {stage: build, script: x, rules: [{if: $NO}]}\nc: {script: x, dependencies: [b, a]}"
        #expect(try Planning.plan(text).job(named: "c")?.dependencies == ["a"])
    }

    @Test("a variable whose name no shell can use does not reach one")
    func variableNames() throws {
        let plan = try Planning.plan("job: {script: x, variables: {\"A; reboot\": x, B: y}}")
        #expect(plan.jobs[0].variables == [Variable("B", "y")])
        #expect(plan.warnings.count == 1)
    }
}
