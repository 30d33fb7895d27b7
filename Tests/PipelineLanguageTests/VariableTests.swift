import PipelineLanguage
import PipelineModel
import Testing

@Suite("Variables and texts")
struct VariableTests {
    @Test(
        "time spans are read as GitLab writes them",
        arguments: [
            ("1h 30m", 5_400), ("3 hours", 10_800), ("2h20min", 8_400), ("3 mins 4 sec", 184), ("42", 42),
            ("1 week", 604_800), ("3 weeks and 2 days", 1_987_200), ("1 day, 2 hrs", 93_600), ("1.5 hours", 5_400),
            ("6 mos 1 day", 15_638_400), ("1:30:00", 5_400), ("2 hrs 20 min", 8_400), ("1 HOUR", 3_600),
        ])
    func durations(text: String, seconds: Int) {
        #expect(Duration(parsing: text) == .seconds(seconds))
    }

    @Test(
        "what is no time span is none",
        arguments: ["", "soon", "1 fortnight", "5 5", "-1 hour", "1e9 years", "h", "1h x", "1:2:3:4"])
    func noDurations(text: String) {
        #expect(Duration(parsing: text) == nil)
    }

    @Test(
        "ref slugs are those of GitLab",
        arguments: [
            ("feature/My_branch", "feature-my-branch"), ("-a--b-", "a--b"), ("Ü", ""), ("", ""),
            (String(repeating: "a", count: 70), String(repeating: "a", count: 63)),
            (String(repeating: "a", count: 62) + "-b", String(repeating: "a", count: 62)),
        ])
    func slugs(text: String, slug: String) {
        #expect(Slug.reference(text) == slug)
    }

    @Test("environment slugs keep a fitting name, and end in a digest where they had to change it")
    func environmentSlugs() {
        // The SHA-256 of "Stage Domain": this target has no cryptography of its own.
        let digest: ([UInt8]) -> [UInt8] = { _ in
            [
                0x69, 0xFF, 0x73, 0x42, 0x23, 0xAD, 0x6C, 0xF0, 0x64, 0x33, 0x48, 0xA6, 0x0E, 0x8C, 0x3B, 0xD9,
                0x92, 0x41, 0x14, 0xAD, 0xC1, 0x5F, 0x54, 0x79, 0x28, 0xB8, 0x58, 0x39, 0xBC, 0x2D, 0x36, 0x40,
            ]
        }
        #expect(Slug.environment("production", sha256: digest) == "production")
        #expect(Slug.environment("Stage Domain", sha256: digest) == "stage-domain-ip33nk")
        #expect(Slug.environment("stage-domain-foobar-long-string", sha256: digest).hasPrefix("stage-domain-foob-"))
        #expect(Slug.environment("review/feature-1", sha256: digest).hasPrefix("review-feature-1-"))
        #expect(Slug.environment("1", sha256: digest).hasPrefix("env-1-"))
        #expect(Slug.environment("a-very-long-name-of-an-environment", sha256: digest).utf8.count <= 24)
    }

    private static let facts = PipelineFacts(
        server: .init(url: "https://gitlab.example.com:8443", forge: "gitlab"),
        project: .init(
            id: 7, path: "group/ml/Churn_Model", url: "https://gitlab.example.com/group/ml/Churn_Model",
            defaultBranch: "main"),
        commit: .init(
            sha: "02618988a1864b3d06cfee3bd79f8baa2dd21407", message: "Title $HOME\n\nMore text\n", author: "Mira <m@x>"
        ),
        ref: .init(name: "feature/x", kind: .branch), pipelineID: 1_000, pipelineNumber: 12, source: "push",
        actor: (id: 990, name: "mira"))

    private static func values(_ variables: [Variable]) -> [String: String] {
        let expansion = VariableExpansion(variables)
        return Dictionary(expansion.all.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }

    @Test("predefined variables have GitLab's names and meanings")
    func predefined() {
        let values = Self.values(PredefinedVariables.pipeline(Self.facts))
        let expected = [
            "CI": "true", "PAWL": "true", "CI_COMMIT_SHORT_SHA": "02618988", "CI_COMMIT_BRANCH": "feature/x",
            "CI_COMMIT_REF_SLUG": "feature-x", "CI_COMMIT_TITLE": "Title $HOME", "CI_COMMIT_DESCRIPTION": "More text",
            "CI_PROJECT_NAME": "Churn_Model", "CI_PROJECT_NAMESPACE": "group/ml", "CI_PROJECT_ROOT_NAMESPACE": "group",
            "CI_PROJECT_PATH_SLUG": "group-ml-churn-model", "CI_SERVER_HOST": "gitlab.example.com",
            "CI_SERVER_PORT": "8443", "CI_SERVER_FQDN": "gitlab.example.com:8443", "CI_PIPELINE_IID": "12",
            "CI_COMMIT_BEFORE_SHA": String(repeating: "0", count: 40), "GITLAB_USER_LOGIN": "mira",
            "PAWL_FORGE": "gitlab",
        ]
        for (name, value) in expected { #expect(values[name] == value, "\(name)") }
        #expect(values["CI_COMMIT_TAG"] == nil)
        #expect(values["CI_MERGE_REQUEST_IID"] == nil)
    }

    @Test("a pull request of any forge is GitLab's merge request, without a branch of its own")
    func mergeRequest() {
        var facts = Self.facts
        facts.ref = .init(name: "lr-warmup", kind: .mergeRequest)
        facts.mergeRequest = MergeRequestFacts(
            number: 42, title: "Warm up", labels: ["ml", "gpu"],
            head: .init(branch: "lr-warmup", sha: "b", projectID: 9, projectPath: "fork/churn"),
            base: .init(branch: "main", sha: "a", projectID: 7, projectPath: "group/churn"))
        let values = Self.values(PredefinedVariables.pipeline(facts))
        #expect(values["CI_COMMIT_BRANCH"] == nil)
        #expect(values["CI_MERGE_REQUEST_IID"] == "42")
        #expect(values["CI_MERGE_REQUEST_LABELS"] == "ml,gpu")
        #expect(values["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"] == "main")
        #expect(values["CI_MERGE_REQUEST_SOURCE_PROJECT_PATH"] == "fork/churn")
    }

    @Test("an attempt's variables are those of its job and of itself")
    func attempt() throws {
        let plan = try Planning.plan(
            "job: {script: x, environment: {name: review/$CI_COMMIT_REF_SLUG, url: \"https://$CI_ENVIRONMENT_SLUG.x\"}}"
        )
        let facts = AttemptFacts(jobID: 5, attemptNumber: 2, timeout: .minutes(90))
        let own = PredefinedVariables.attempt(facts, of: plan.jobs[0], environment: "review/main") { _ in [1] }
        let values = Self.values(Planning.push.variables(for: plan.jobs[0]) + own)
        #expect(values["CI_JOB_ID"] == "5")
        #expect(values["CI_ENVIRONMENT_NAME"] == "review/main")
        #expect(values["CI_ENVIRONMENT_SLUG"] == "review-main-1")
        #expect(values["CI_ENVIRONMENT_URL"] == "https://review-main-1.x")
        #expect(values["CI_ENVIRONMENT_TIER"] == "development")
        #expect(values["CI_JOB_TIMEOUT"] == "5400")
        #expect(values["PAWL_ATTEMPT"] == "2")
    }

    @Test("the repository's variables beat the job's, which beat the file's, which beat predefined ones")
    func precedence() throws {
        var context = Planning.push
        context.predefined = [
            Variable("A", "predefined"), Variable("B", "predefined"), Variable("C", "predefined"),
            Variable("D", "predefined"), Variable("E", "predefined"),
        ]
        context.projectVariables = [Variable("D", "project"), Variable("E", "project")]
        context.pipelineVariables = [Variable("E", "pipeline")]
        let text =
            "variables: {B: file, C: file, D: file, E: file}\njob: {script: x, variables: {C: job, D: job, E: job}}"
        let plan = try Planning.plan(text, context)
        let values = Self.values(context.variables(for: plan.jobs[0]))
        #expect(["A", "B", "C", "D", "E"].map { values[$0] } == ["predefined", "file", "job", "project", "pipeline"])
    }
}
