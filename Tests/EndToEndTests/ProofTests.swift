import Forges
import Foundation
import TestSupport
import Testing

@Suite("jobs that are proved", .needsDocker, .timeLimit(.minutes(6)))
struct ProofTests {
    /// A job that says what it reads, and one that goes on with what it made.
    private static func file(rate: String = "0.1", script: String = "cat data.csv src/train.sh > model.txt") -> String {
        """
        variables: {RATE: "\(rate)"}
        train:
          script:
            - \(script)
            - ls -A > files.txt
            - echo "f1 0.81" > metrics.txt
          artifacts: {paths: [model.txt, files.txt], reports: {metrics: metrics.txt}}
          ml: {inputs: [data.csv, src/]}
        use:
          needs: [train]
          script: ["cat model.txt files.txt"]
        """
    }

    private static let files = [
        ".pawl.yml": file(), "data.csv": "1,2\n", "src/train.sh": "train\n", "notes.md": "secret plans\n",
    ]

    private static func train(_ commit: String, of project: Project, source: String = "push") async throws
        -> ShownPipeline.Job
    {
        let shown = try await project.shown(commit, source: source)
        return try shown.job("train")
    }

    @Test("an unchanged job is proved and named; whatever it reads makes it run, and nothing else does")
    func unchanged() async throws {
        let project = try await Project("proofs/model", on: try await Site.shared(.github))
        let first = try await project.push(Self.files)
        #expect(try await project.ended(first)["pawl/push"] == .success)
        #expect(try await Self.train(first, of: project).state == "passed")
        let number = try project.pipeline(of: first)
        let log = try await project.log("use", of: first)
        #expect(log.contains("1,2\ntrain\n") && log.contains("data.csv") && !log.contains("notes.md"), "\(log)")

        try await project.git("mv", "notes.md", "words.md")
        let renamed = try await project.push([:], message: "Rename what nobody reads")
        #expect(try await project.ended(renamed)["pawl/push/train"] == .success)
        #expect(project.text("pawl/push/train", on: renamed) == "proved by #\(number), nothing run")
        #expect(project.text("pawl/push", on: renamed).contains("1 passed, 1 proved"))
        let proved = try await Self.train(renamed, of: project)
        #expect(proved.state == "proved" && proved.attempts.isEmpty)
        #expect(try await project.log("use", of: renamed).contains("1,2\ntrain\n"))
        let subject = "\(try project.pipeline(of: renamed))/train"
        let why = try await project.site.pawl("why", subject)
        #expect(
            why.output.hasPrefix("same proved: nothing it may read has changed since #\(number)/train"), "\(why.output)"
        )
        #expect(why.output.contains("protected -> protected, allowed") && why.output.contains("--fresh"))
        let shown = try await project.site.pawl("show", try project.pipeline(of: renamed))
        #expect(shown.output.contains("same proved") && shown.output.contains("proved by #\(number), nothing run"))

        let changes: [(files: [String: String], difference: String)] = [
            (["data.csv": "1,3\n"], "data.csv"),
            ([".pawl.yml": Self.file(rate: "0.2")], "RATE"),
            ([".pawl.yml": Self.file(rate: "0.2", script: "cat data.csv > model.txt")], "script 1"),
        ]
        for change in changes {
            let commit = try await project.push(change.files)
            try await project.ended(commit)
            #expect(try await Self.train(commit, of: project).state == "passed")
            let why = try await project.site.pawl("why", "\(try project.pipeline(of: commit))/train")
            #expect(why.output.contains("it ran, although") && why.output.contains(change.difference), "\(why.output)")
            let isNamed = why.output.contains("commit \(commit.prefix(7)),")
            #expect(isNamed == (change.difference == "data.csv"), "\(why.output)")
        }
        try await project.git("update-index", "--chmod=+x", "src/train.sh")
        try await project.git("commit", "--quiet", "--message", "Make it a program")
        try await project.push()
        let mode = try await project.git("rev-parse", "HEAD")
        try await project.ended(mode)
        #expect(try await Self.train(mode, of: project).state == "passed")

        // What is as it was first is proved by the first again.
        try await project.git("update-index", "--chmod=-x", "src/train.sh")
        try await project.git("checkout", "--", "src/train.sh")
        let back = try await project.push(Self.files.filter { $0.key != "notes.md" })
        #expect(try await project.ended(back)["pawl/push/train"] == .success)
        #expect(project.text("pawl/push/train", on: back) == "proved by #\(number), nothing run")

        let again = "\(try project.pipeline(of: back))/train"
        #expect(try await project.site.pawl("retry", again).status == 3)
        let seen = project.statuses(of: back).count
        #expect(try await project.site.pawl("retry", again, "--fresh").status == 0)
        try await project.ended(back, after: seen)
        let fresh = try await Self.train(back, of: project)
        #expect(fresh.state == "passed" && fresh.attempts.count == 1)
        let checked = try await project.site.pawl("why", again)
        #expect(checked.output.contains("run again to check: each gave the same bytes"), "\(checked.output)")
        project.expectNoViolations()
    }

    @Test("an image behind a tag that has moved makes it run")
    func movedTag() async throws {
        let project = try await Project("proofs/images", on: try await Site.shared(.github))
        let name = "pawl-test:moving-\(UUID().uuidString.prefix(8).lowercased())"
        try await Engine.tag("pawl-test:tiny", as: name)
        let file = "default: {image: \"\(name)\"}\n" + Self.file()
        let first = try await project.push(Self.files.merging([".pawl.yml": file]) { $1 })
        #expect(try await project.ended(first)["pawl/push"] == .success)
        let second = try await project.push(["notes.md": "others"])
        try await project.ended(second)
        #expect(try await Self.train(second, of: project).state == "proved")
        try await Engine.tag("pawl-test:bash", as: name)
        let third = try await project.push(["notes.md": "yet others"])
        try await project.ended(third)
        #expect(try await Self.train(third, of: project).state == "passed")
        let why = try await project.site.pawl("why", "\(try project.pipeline(of: third))/train")
        #expect(why.output.contains("because one image differs"), "\(why.output)")
        try await Engine.untag(name)
    }

    @Test("a fork's attempt proves its own pull request, and neither main nor another")
    func fork() async throws {
        let site = try await Site.shared(.github)
        let project = try await Project("proofs/target", on: site)
        try await project.ended(try await project.push(Self.files))
        let fork = try await Project(fork: "stranger/proofs", of: project)
        let change = Self.files.merging(["data.csv": "9,9\n"]) { $1 }
        let commit = try await fork.push(change, to: "refs/heads/topic")
        try await site.forge.openPullRequest(in: project.path, from: "topic", fork: fork.path)
        try await project.told(.pending, "pawl/pr", on: commit)
        let held = try project.pipeline(of: commit, source: "pr")
        #expect(try await site.pawl("approve", held, "--commit", commit).status == 0)
        try await project.ended(commit, source: "pr")
        #expect(try await Self.train(commit, of: project, source: "pr").state == "passed")

        let more = try await fork.push(["notes.md": "mine"], to: "refs/heads/topic")
        try await project.told(.pending, "pawl/pr", on: more)
        let next = try project.pipeline(of: more, source: "pr")
        #expect(try await site.pawl("approve", next, "--commit", more).status == 0)
        try await project.ended(more, source: "pr")
        #expect(try await Self.train(more, of: project, source: "pr").state == "proved")

        // The very same files on main: nothing that a fork has run stands for them.
        let taken = try await project.push(change)
        try await project.ended(taken)
        #expect(try await Self.train(taken, of: project).state == "passed")
        project.expectNoViolations()
    }

    @Test("what a branch of the repository has proved stands for main once main is the same, and not before")
    func merged() async throws {
        let project = try await Project("proofs/merged", on: try await Site.shared(.gitlab))
        try await project.ended(try await project.push(Self.files))
        try await project.git("checkout", "--quiet", "-B", "early")
        let early = try await project.push(["data.csv": "5,5\n"], to: "refs/heads/early")
        try await project.ended(early)
        #expect(try await Self.train(early, of: project).state == "passed")
        try await project.git("checkout", "--quiet", "main")
        // The same inputs beside another note: main never took in what the branch had run on.
        let other = try await project.push(["data.csv": "5,5\n", "notes.md": "other"])
        try await project.ended(other)
        #expect(try await Self.train(other, of: project).state == "passed")

        try await project.git("checkout", "--quiet", "-B", "topic")
        let topic = try await project.push(["data.csv": "6,6\n"], to: "refs/heads/topic")
        try await project.ended(topic)
        #expect(try await Self.train(topic, of: project).state == "passed")
        try await project.git("checkout", "--quiet", "main")
        try await project.git("checkout", "--quiet", "topic", "--", ".")
        let squashed = try await project.push([:], message: "Squash topic")
        try await project.ended(squashed)
        let number = try project.pipeline(of: topic)
        #expect(project.text("pawl/push/train", on: squashed) == "proved by #\(number), nothing run")
        let why = try await project.site.pawl("why", "\(try project.pipeline(of: squashed))/train")
        #expect(why.output.contains("branch -> protected, allowed"), "\(why.output)")
        project.expectNoViolations()
    }
}
