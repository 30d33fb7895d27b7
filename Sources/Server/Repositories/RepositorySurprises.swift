import Forges
import GitRepositories
import PipelineModel
import Store

/// Finds what would surprise whoever adds a repository, while there is still time to decide.
struct RepositorySurprises: Sendable {
    let repository: StoredRepository
    let forge: ForgeConnection
    /// What a push of the default branch would make now; nil where nobody can tell.
    let preview: (@Sendable (StoredRepository) async throws -> NewPipeline.Planning)?

    private var branch: String { repository.reference.defaultBranch }

    /// Who the credential is, and what the forge does by itself. A forge that does not say holds nothing up.
    func survey() async throws -> ForgeSurvey {
        do {
            return try await forge.api.survey(of: repository.reference)
        } catch is ForgeError {
            return ForgeSurvey()
        }
    }

    /// `GitLab 19.1, ml/churn is number 311, as @pawl-bot, maintainer`
    func forgeCheck(_ survey: ForgeSurvey) -> CheckView {
        let kind =
            switch forge.kind {
            case .github: "GitHub"
            case .gitlab: "GitLab"
            case .git: "git"
            }
        var parts = [survey.version.map { "\(kind) \($0)" } ?? kind]
        parts.append("\(repository.reference.name) is number \(repository.reference.remoteID)")
        if let account = survey.account { parts.append("as @\(account)") }
        if let role = survey.role { parts.append(Self.word(for: role)) }
        return CheckView("forge", .good, parts.joined(separator: ", "))
    }

    /// What a person has to know or decide, in the order people read it.
    func checks(_ survey: ForgeSurvey) async throws -> [CheckView] {
        var checks: [CheckView] = []
        if let pipeline = try await pipelineCheck() { checks.append(pipeline) }
        if survey.runsPipelines == true {
            checks.append(
                CheckView(
                    "twice", .attention,
                    "GitLab's own CI/CD is on: where there is a .gitlab-ci.yml, it runs that as well",
                    helps: [HelpView("Settings > General > Visibility > CI/CD", "turns it off, in GitLab")]))
        }
        if survey.requiresGreen == false { checks.append(mergeCheck()) }
        return checks
    }

    private func pipelineCheck() async throws -> CheckView? {
        guard let preview else { return nil }
        let planning: NewPipeline.Planning
        do {
            planning = try await preview(repository)
        } catch let refusal as APIRefusal {
            return CheckView("pipeline", .attention, refusal.message)
        } catch let error as ForgeError {
            return CheckView("pipeline", .attention, "not looked at: \(error.message)")
        } catch let error as GitError {
            return CheckView("pipeline", .attention, "not looked at: \(error.message)")
        }
        switch planning {
        case .planned(let plan):
            let jobs = plan.jobs.count == 1 ? "1 job" : "\(plan.jobs.count) jobs"
            guard !plan.warnings.isEmpty else {
                return CheckView("pipeline", .good, "\(jobs) on a push to \(branch)")
            }
            return CheckView(
                "pipeline", .attention, "\(jobs) on a push to \(branch); \(Self.text(of: plan.warnings, "warning"))",
                helps: [Self.lint])
        case .notPlanned(let reason, let diagnostics):
            let errors = diagnostics.filter { $0.severity == .error && $0.place != nil }
            guard !errors.isEmpty else {
                return CheckView(
                    "pipeline", .attention, "a push to \(branch) would fail now: \(reason)",
                    helps: [HelpView("README.md", "The pipeline file: what it may say")])
            }
            return CheckView(
                "pipeline", .attention,
                "a push to \(branch) would fail now; \(Self.text(of: errors, "error"))", helps: [Self.lint])
        }
    }

    private static let lint = HelpView("pawl lint", "in a checkout: each with its line, and what to write")

    /// `2 errors: .gitlab-ci.yml:4:3 image: …`, the first few of them.
    private static func text(of diagnostics: [Diagnostic], _ noun: String) -> String {
        let shown = 3
        let count = diagnostics.count == 1 ? "1 \(noun)" : "\(diagnostics.count) \(noun)s"
        let texts = diagnostics.prefix(shown).map { diagnostic in
            (diagnostic.place.map { "\($0.file):\($0.line):\($0.column) " } ?? "") + diagnostic.message
        }
        let rest = diagnostics.count > shown ? "; and \(diagnostics.count - shown) more" : ""
        return "\(count): \(texts.joined(separator: "; "))\(rest)"
    }

    private func mergeCheck() -> CheckView {
        let help =
            forge.kind == .gitlab
            ? HelpView("Settings > Merge requests > Pipelines must succeed", "makes it wait, in GitLab")
            : HelpView(
                "Settings > Rules", "a rule for \(branch) that requires the status pawl/pr makes it wait, in GitHub")
        return CheckView(
            "merge", .attention,
            forge.kind == .gitlab
                ? "\"Pipelines must succeed\" is off: a red pipeline would not stop a merge"
                : "\(branch) is not protected: a red pipeline would not stop a merge", helps: [help])
    }

    private static func word(for role: AccountRole) -> String {
        switch role {
        case .none: "no role"
        case .read: "may read"
        case .write: "may write"
        case .maintain: "maintainer"
        }
    }
}
