import PipelineLanguage
import PipelineModel
import Testing

@Suite("The ml key")
struct LearningTests {
    private static let full = """
        train:
          script: python train.py
          ml:
            gpus: 2
            gpu_memory: 40GiB
            seeds: 5
            inputs: [src/, data.dvc]
            checkpoint: ckpt/
            checkpoint_every: 2m
            curves: runs/
            cpus: 3.5
            memory: 16GiB
            shm_size: 8g
            data: [imagenet, ml.corpus-2]
            gate:
              f1: &up {want: higher, tolerance: 0.002}
              auc: *up
              p99_ms: {want: lower, max: 40, min: 1e-3}
        """

    @Test("is read in full")
    func full() throws {
        let plan = try Planning.plan(Self.full)
        let ml = try #require(plan.job(named: "train seed 1")?.ml)
        #expect(ml.gpus == 2)
        #expect(ml.gpuMemory == .gibibytes(40))
        #expect(ml.seeds == 5)
        #expect(ml.inputs == ["src/", "data.dvc"])
        #expect(ml.checkpoint == "ckpt/")
        #expect(ml.checkpointEvery == .minutes(2))
        #expect(ml.curves == ["runs/"])
        #expect(ml.cpus == 3.5)
        #expect(ml.memory == .gibibytes(16))
        #expect(ml.shmSize == .gibibytes(8))
        #expect(ml.data == ["imagenet", "ml.corpus-2"])
        #expect(ml.gate.map(\.metric) == ["f1", "auc", "p99_ms"])
        #expect(ml.gate.map(\.want) == [.higher, .higher, .lower])
        #expect(ml.gate[1].tolerance == .absolute(0.002))
        #expect(ml.gate[2].max == 40)
        #expect(ml.gate[2].min == 0.001)
    }

    @Test("a file that asks for everything is carried out without a warning")
    func noWarnings() throws {
        #expect(try Planning.plan(Self.full).warnings.isEmpty)
    }

    @Test("says that secrets are named for a job with inputs alone")
    func secretsAlone() throws {
        let plan = try Planning.plan("train:\n  script: echo\n  ml: {secrets: [TOKEN]}\n")
        #expect(plan.warnings.map(\.message).contains { $0.contains("means nothing without inputs") })
        let both = try Planning.plan("train:\n  script: echo\n  ml: {inputs: [src/], secrets: [TOKEN]}\n")
        #expect(both.warnings.isEmpty && both.jobs.first?.ml?.secrets == ["TOKEN"])
    }

    @Test("says that an interval without a checkpoint means nothing")
    func intervalAlone() throws {
        let plan = try Planning.plan("train:\n  script: echo\n  ml: {checkpoint_every: 5m}\n")
        #expect(plan.warnings.map(\.message).contains { $0.contains("means nothing without checkpoint") })
    }

    @Test("does not guess the direction of a metric")
    func want() throws {
        let text = "evaluate:\n  script: echo\n  ml:\n    gate: {f1: {tolerance: 0.002}}\n"
        let error = try #require(Planning.refusal(text).first { $0.severity == .error })
        #expect(error.message.contains("gate f1: \"want\" is missing. Pawl does not guess a direction."))
        #expect(error.message.hasSuffix("Write f1: {want: higher, tolerance: 0.002}"))
        #expect(error.place == .init(file: ".pawl.yml", line: 4, column: 16))
    }

    @Test(
        "refuses what it does not understand",
        arguments: [
            ("inputs: [../data]", "must be paths within the repository"),
            ("inputs: []", "names nothing"),
            ("gpu: 1", "Did you mean \"gpus\"?"), ("gpus: many", "must be a whole number"),
            ("memory: 16", "an amount with a unit"), ("gate: [f1]", "must be a map of metrics"),
            ("gate: {f1: {want: up}}", "may be higher, lower"),
            ("gate: {f1: {want: higher, min: 2, max: 1}}", "min is above max"),
            ("gate: {f1: {want: higher, tolerance: -1}}", "below 0"), ("cpus: 0", "above 0"), ("seeds: 0", "from 1 to"),
            ("checkpoint: /ckpt", "within the checkout"), ("checkpoint: ../x", "within the checkout"),
            ("checkpoint: .", "within the checkout"), ("checkpoint_every: 1s", "from 10 seconds to a week"),
            ("gpu_memory: 40GiB", "without gpus"), ("data: ../etc", "is not a name"), ("data: [.git]", "is not a name"),
            ("data: [a/b]", "is not a name"), ("data: [\"\"]", "is not a name"),
        ])
    func refused(line: String, words: String) {
        let diagnostics = Planning.refusal("job: {script: echo, ml: {\(line)}}")
        #expect(diagnostics.contains { $0.severity == .error && $0.message.contains(words) }, "\(diagnostics)")
    }

    @Test("stands in a whole file of test, train, evaluate and deploy")
    func wholeFile() throws {
        let text = """
            default: {image: registry.example.com/ml/churn:2026-11}
            test:
              script: pytest --junitxml=junit.xml
              artifacts: {reports: {junit: junit.xml}}
            train:
              script: python train.py --seed $PAWL_SEED --out model/
              artifacts: {paths: [model/]}
              ml: {gpus: 1, seeds: 5, inputs: [src/, data.dvc, params.yaml], checkpoint: ckpt/, curves: runs/}
            evaluate:
              needs: [train]
              script: python evaluate.py model/ > metrics.json
              artifacts: {reports: {metrics: metrics.json}}
              ml:
                seeds: 5
                gate: {f1: &up {want: higher, tolerance: 0.002}, auc: *up, p99_ms: {want: lower, max: 40}}
            deploy:
              needs: [test, train, evaluate]
              script: ./deploy.sh model/
              environment: production
              rules: [{if: $CI_COMMIT_BRANCH == "main", when: manual}]
            """
        let plan = try Planning.plan(text)
        let seeds = (1...5).map { " seed \($0)" }
        let names = ["test"] + seeds.map { "train" + $0 } + seeds.map { "evaluate" + $0 } + ["deploy"]
        #expect(plan.jobs.map(\.name) == names)
        #expect(plan.job(named: "evaluate seed 3")?.ml?.gate.count == 3)
        #expect(plan.job(named: "deploy")?.when == .manual)
        // Joined seed by seed; what is not seeded gets what seed 1 made.
        #expect(plan.job(named: "evaluate seed 3")?.needs == [.init(job: "train seed 3")])
        #expect(plan.job(named: "evaluate seed 3")?.seed == .init(node: "evaluate", number: 3))
        #expect(plan.job(named: "train seed 2")?.seed == .init(node: "train", number: 2))
        #expect(plan.job(named: "deploy")?.needs?.map(\.job) == Array(names.dropLast()))
        #expect(
            plan.job(named: "deploy")?.needs?.filter(\.artifacts).map(\.job) == [
                "test", "train seed 1", "evaluate seed 1",
            ])
    }

    @Test("seeds by stages: each gets its own seed's artifacts, the rest the first one's")
    func seedsByStage() throws {
        let plan = try Planning.plan(
            """
            prepare: {stage: build, script: echo}
            train: {stage: build, script: echo, ml: {seeds: 2}}
            check: {stage: test, script: echo, ml: {seeds: 2}}
            ship: {stage: deploy, script: echo}
            one: {stage: test, script: echo, ml: {seeds: 1}}
            """)
        #expect(plan.job(named: "check seed 2")?.dependencies == ["prepare", "train seed 2"])
        #expect(plan.job(named: "ship")?.dependencies == ["prepare", "train seed 1", "check seed 1", "one"])
        #expect(plan.job(named: "one")?.seed == .init(node: "one", number: 1))
        #expect(plan.job(named: "prepare")?.dependencies == nil)
    }

    @Test("seeds that cannot be joined, and names that meet, are refused")
    func seedMismatch() {
        let file = "train: {script: x, ml: {seeds: 3}}\nevaluate: {script: x, needs: [train], ml: {seeds: 5}}\n"
        #expect(
            Planning.refusal(file).map(\.message) == [
                "evaluate: ml: seeds: evaluate has 5 and needs train, which has 3: give both the same."
            ])
        let twice = "a: {script: x, ml: {seeds: 2}}\na seed 2: {script: x}\n"
        #expect(Planning.refusal(twice).first?.message == "a seed 2: ml: seeds: two jobs would be called \"a seed 2\".")
    }

    @Test("is laid over the jobs of an included .gitlab-ci.yml")
    func overlay() throws {
        let overlay = "include: .gitlab-ci.yml\ntrain:\n  ml: {cpus: 2}\n"
        let base = "train:\n  stage: build\n  script: [python train.py]\ntest:\n  script: pytest\n"
        let plan = try Planning.plan(overlay, others: [".gitlab-ci.yml": base])
        #expect(plan.jobs.map(\.name) == ["train", "test"])
        #expect(plan.job(named: "train")?.ml?.cpus == 2)
        #expect(plan.job(named: "train")?.script == ["python train.py"])
        #expect(plan.job(named: "train")?.stage == "build")
    }

    @Test("does not belong into .gitlab-ci.yml or what that includes, whichever file comes first")
    func notInGitLabs() throws {
        let job = "job:\n  script: echo\n  ml: {cpus: 2}\n"
        let alone = try #require(Planning.refusal(job, file: PipelineFile.gitLab).first)
        #expect(alone.message.contains("Put it into .pawl.yml"))
        #expect(alone.place == .init(file: ".gitlab-ci.yml", line: 3, column: 3))
        let others = [".gitlab-ci.yml": "include: ci/a.yml", "ci/a.yml": job]
        #expect(Planning.refusal("include: .gitlab-ci.yml", others: others).first?.place?.file == "ci/a.yml")
        #expect(try Planning.plan("include: ci/a.yml", others: others).jobs.count == 1)
    }

    @Test("judge says what a change is compared with, and what is done where there is nothing")
    func judge() throws {
        func file(_ text: String) -> String { "a: {script: x, ml: {gate: {f1: {want: higher}}, judge: {\(text)}}}" }
        func judge(_ text: String) throws -> JudgeSettings? { try Planning.plan(file(text)).jobs[0].ml?.judge }
        #expect(try judge("no_baseline: train")?.noBaseline == .train)
        #expect(try judge("version: churn@v1.2.0")?.version == "churn@v1.2.0")
        for wrong in ["no_baseline: maybe", "version: [a]", "version: 'a b'", "version: v1, no_baseline: train"] {
            #expect(!Planning.refusal(file(wrong)).isEmpty, "\(wrong)")
        }
    }
}
