import PipelineLanguage
import PipelineModel
import Testing

@Suite("only and except")
struct RefPolicyTests {
    private static func context(
        ref: String = "main", kind: PlanningContext.RefKind = .branch, source: String = "push"
    ) -> PlanningContext {
        PlanningContext(
            ref: ref, refKind: kind, defaultBranch: "main", source: source,
            predefined: [Variable("CI_PROJECT_PATH", "ml/churn")],
            pipelineVariables: [Variable("DEPLOY", "yes")], changedFiles: ["src/a.py"])
    }

    private static let request = context(ref: "feature", kind: .mergeRequest, source: "merge_request_event")

    @Test(
        "let a job in as GitLab does",
        arguments: [
            ("only: [main]", context(), true), ("only: [master]", context(), false),
            ("only: [branches]", context(), true), ("only: [tags]", context(), false),
            ("only: [tags]", context(ref: "v1", kind: .tag), true),
            ("only: [/^v\\d/]", context(ref: "v1", kind: .tag), true), ("only: [/^V/i]", context(ref: "v1"), true),
            ("only: [/^v/]", context(), false), ("only: [main@ml/churn]", context(), true),
            ("only: [main@ml/other]", context(), false), ("only: [pushes]", context(), true),
            ("only: [push]", context(), true), ("only: [schedules]", context(source: "schedule"), true),
            ("only: [schedules]", context(), false), ("only: [merge_requests]", request, true),
            ("only: [branches]", request, false), ("only: [feature]", request, false), ("only: [main]", request, false),
            ("except: [main]", context(), false), ("except: [tags]", context(), true),
            ("except: [tags]", request, false),
            ("only: [branches], except: [/^ma/]", context(), false),
            ("only: {variables: ['$DEPLOY == \"yes\"']}", context(), true),
            ("only: {variables: ['$NO', '$DEPLOY']}", context(), true), ("only: {variables: [$NO]}", context(), false),
            ("only: {variables: [$DEPLOY]}", request, false),
            ("only: {refs: [main], variables: [$NO]}", context(), false),
            ("only: {changes: ['src/*']}", context(), true), ("only: {changes: ['*.md']}", context(), false),
            ("except: {variables: [$DEPLOY]}", context(), false), ("except: {changes: ['*.md']}", context(), true),
            ("except: {refs: [tags], changes: ['src/*']}", context(), false), ("only: , except: []", context(), true),
        ])
    func lets(policy: String, context: PlanningContext, isIn: Bool) {
        let step = Planning.step("job: {script: x, \(policy)}", context)
        switch step {
        case .planned: #expect(isIn)
        case .nothing: #expect(!isIn)
        default: Issue.record("\(step)")
        }
    }

    @Test("under a workflow's rules a job is for all its pipelines, unless it says otherwise")
    func workflow() throws {
        let text =
            "workflow: {rules: [{when: always}]}\na: {script: x}\nb: {script: x, except: [main]}\nc: {script: x, only: [main]}"
        #expect(try Planning.plan(text, Self.request).jobs.map(\.name) == ["a", "b"])
    }

    @Test(
        "what cannot be carried out is told",
        arguments: [
            ("job: {script: x, only: [main], rules: [{when: always}]}", "only cannot stand beside rules"),
            ("job: {script: x, except: main}", "except must be a map"),
            ("job: {script: x, only: {kubernetes: active}}", "kubernetes is not supported yet"),
            ("job: {script: x, only: {variables: ['$A = 1']}}", "write == or =~"),
            ("job: {script: x, only: ['/(/']}", "cannot be read"),
        ])
    func refused(text: String, words: String) {
        let diagnostics = Planning.refusal(text)
        #expect(diagnostics.contains { $0.message.contains(words) && $0.place != nil }, "\(diagnostics)")
    }
}
