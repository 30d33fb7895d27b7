import Forges
import Foundation
import TestSupport
import Testing

@Suite("a gate on pull requests", .needsDocker, .timeLimit(.minutes(10)))
struct GateTests {
    /// Each seed reports the number on its own line of a file.
    private static func file(tolerance: Double = 0.002) -> String {
        """
        evaluate:
          script:
            - echo "f1 $(sed -n "${PAWL_SEED}p" values.txt)" > metrics.txt
          artifacts: {reports: {metrics: metrics.txt}}
          ml: {seeds: 3, gate: {f1: {want: higher, tolerance: \(tolerance)}}}
          rules: [{when: on_success}]
        """
    }

    private static let main = "0.8120\n0.8070\n0.8150\n"
    private static let same = "0.8121\n0.8069\n0.8151\n"
    private static let worse = "0.7921\n0.7869\n0.7951\n"

    /// Opens a pull request, and waits for its verdict and for the report on it.
    private static func propose(
        _ files: [String: String], as branch: String, to project: Project
    ) async throws -> (states: [String: ToldState], report: String, commit: String, request: Int64) {
        try await project.git("checkout", "--quiet", "-B", branch, "main")
        let commit = try await project.push(files, to: "refs/heads/\(branch)")
        let request = try await project.site.forge.openPullRequest(in: project.path, from: branch).number
        let states = try await project.ended(commit, source: "pr")
        let repository = try project.site.forge.repository(project.path).id
        let record = try await project.site.forge.record { record in
            record.comments(on: request, of: repository).contains { !$0.body.hasPrefix("**●") }
        }
        let comments = record.comments(on: request, of: repository)
        #expect(comments.count == 1)
        return (states, comments.first?.body ?? "", commit, request)
    }

    @Test(
        "what is worse cannot merge, whatever it says of its own gate; what is no worse can",
        arguments: [ForgeKind.github, .gitlab])
    func gate(on kind: ForgeKind) async throws {
        let project = try await Project("gates/model", on: try await Site.shared(kind))
        let first = try await project.push([".pawl.yml": Self.file(), "values.txt": Self.main])
        let pushed = try await project.ended(first)
        #expect(pushed["pawl/push/gate"] == .success && pushed["pawl/push/evaluate"] == .success)

        let fine = try await Self.propose(["values.txt": Self.same], as: "fine", to: project)
        #expect(fine.states["pawl/pr/gate"] == .success && fine.states["pawl/pr"] == .success)
        #expect(fine.report.hasPrefix("**✓ Safe to merge: no metric is worse than on `main` (1 metric, 3 seeds).**"))

        let bad = try await Self.propose(["values.txt": Self.worse], as: "bad", to: project)
        #expect(bad.states["pawl/pr/gate"] == .failure && bad.states["pawl/pr/evaluate"] == .failure)
        #expect(bad.states["pawl/pr"] == .failure)
        #expect(bad.report.hasPrefix("**✗ Not yet: `f1` is worse than on `main`, by 0.0200. The gate allows 0.0020.**"))
        #expect(
            project.text("pawl/pr/gate", on: bad.commit)
                == "f1 0.7914, main 0.8113: worse by 0.0200, 0.0020 allowed (3 seeds)")

        let pipeline = try project.pipeline(of: bad.commit, source: "pr")
        let shown = try await project.site.pawl("report", pipeline)
        #expect(shown.status == 0 && shown.output.contains("Not yet: f1 is worse than on main, by 0.0200."))
        #expect(shown.output.contains("0.7914") && shown.output.contains("paired by seed"))
        let markdown = try await project.site.pawl("report", pipeline, "--markdown")
        #expect(markdown.output.hasPrefix("**✗ Not yet: `f1` is worse than on `main`, by 0.0200."))
        let why = try await project.site.pawl("why", "\(pipeline)/evaluate")
        #expect(why.output.contains("t(2) = ") && why.output.contains("0.7921"), "\(why.output)")
        let again = try await project.site.pawl("retry", "\(pipeline)/evaluate seed 1")
        #expect(again.status == 3 && again.errors.contains("--anyway"), "\(again)")
        let allowed = try await project.site.pawl("override", pipeline, "--reason", "retrain tonight")
        #expect(allowed.status == 0, "\(allowed)")
        try await project.told(.success, "pawl/pr/gate", on: bad.commit)
        #expect(project.text("pawl/pr/gate", on: bad.commit).contains("retrain tonight"))

        let own = try await Self.propose(
            [".pawl.yml": Self.file(tolerance: 0.5), "values.txt": Self.worse], as: "own", to: project)
        #expect(own.states["pawl/pr/gate"] == .failure)
        #expect(own.report.contains("! This change touches its own gate. The rules of `main` were used."))
        project.expectNoViolations()
    }

    @Test(
        "a comment adds seeds, lets a change pass, or is refused, by what the forge says its writer may",
        arguments: [ForgeKind.github, .gitlab])
    func comments(on kind: ForgeKind) async throws {
        let project = try await Project("gates/talk", on: try await Site.shared(kind))
        try await project.ended(try await project.push([".pawl.yml": Self.file(), "values.txt": Self.main]))
        let bad = try await Self.propose(["values.txt": Self.worse + "0.7900\n"], as: "bad", to: project)
        #expect(bad.report.contains("| `/pawl more-seeds 5` |"))
        let developer = project.site.forge.createAccount("dev")
        try project.site.forge.changeRepository(project.path) { $0.roles[developer.id] = .write }
        func say(_ text: String, by name: String) throws {
            try project.site.forge.comment(text, on: bad.request, in: project.path, by: name)
        }

        try say("/pawl override I was here", by: "stranger")
        try say("/pawl more-seeds 1", by: "dev")
        try await project.reported("`/pawl more-seeds 1`", on: bad.request)
        let report = try await project.reported("Look 2 at this pull request", on: bad.request)
        #expect(report.contains("4 seeds") && report.contains("✓ @\u{2060}dev"))
        #expect(!report.contains("I was here") && !report.contains("stranger"))

        try say("/pawl override I am no maintainer", by: "dev")
        let refused = try await project.reported("that is for maintainers", on: bad.request)
        #expect(refused.contains("✗ @\u{2060}dev") && refused.hasPrefix("**✗"))
        try say("Fine.\n/pawl override retrain tonight", by: "gates")
        try await project.told(.success, "pawl/pr/gate", on: bad.commit)
        let allowed = try await project.reported("Allowed as worse by @\u{2060}gates", on: bad.request)
        #expect(allowed.contains("retrain tonight"))
        project.expectNoViolations()
    }

    @Test("a change from a commit that never ran has that one trained, once, and is compared with it")
    func baseline() async throws {
        let project = try await Project("gates/young", on: try await Site.shared(.github))
        let file = Self.file().replacing("seeds: 3,", with: "seeds: 3, judge: {no_baseline: train},")
        let first = try await project.push([".pawl.yml": file, "values.txt": Self.main], message: "Begin [skip ci]")
        let bad = try await Self.propose(["values.txt": Self.worse], as: "bad", to: project)
        #expect(bad.states["pawl/pr/gate"] == .failure)
        #expect(bad.report.hasPrefix("**✗ Not yet: `f1` is worse than on `main`, by 0.0200."))
        #expect(try await project.ended(first, source: "baseline")["pawl/baseline/evaluate"] == .success)
        let fine = try await Self.propose(["values.txt": Self.same], as: "fine", to: project)
        #expect(fine.states["pawl/pr/gate"] == .success)
        let trained = project.statuses(of: first).filter { $0.context == "pawl/baseline" && $0.state == "success" }
        #expect(trained.count == 1)
        project.expectNoViolations()
    }
}
