import Forges
import TestSupport
import Testing

@Suite("what a person does to a pipeline", .needsDocker, .timeLimit(.minutes(10)))
struct RetryTests {
    private static let flaky = [
        ".pawl.yml": """
        stages: [test, deploy]
        test:
          stage: test
          script:
            - echo "try $PAWL_ATTEMPT fell over"
            - test "$PAWL_ATTEMPT" -ge 2
        deploy:
          stage: deploy
          script: [echo deployed]
        """
    ]

    @Test(
        "a retried job is pending again on the forge at once, and green when it passes; what waited for it runs",
        arguments: [ForgeKind.github, .gitlab])
    func retried(on kind: ForgeKind) async throws {
        let project = try await Project("people/retry", on: try await Site.shared(kind))
        let commit = try await project.push(Self.flaky)
        let red = try await project.ended(commit)
        #expect(red == ["pawl/push": .failure, "pawl/push/test": .failure, "pawl/push/deploy": .failure])
        #expect(project.text("pawl/push", on: commit).contains("try 1 fell over"))
        let pipeline = try project.pipeline(of: commit)
        let why = try await project.site.pawl("why", "\(pipeline)/deploy")
        #expect(why.output.contains("test"))

        let seen = project.statuses(of: commit).count
        let retry = try await project.site.pawl("retry", "\(pipeline)/test")
        #expect(retry.status == 0, "\(retry)")
        try await project.told(.pending, "pawl/push/test", on: commit, after: seen)
        let green = try await project.ended(commit, after: seen)
        #expect(green == ["pawl/push": .success, "pawl/push/test": .success, "pawl/push/deploy": .success])
        let again = project.statuses(of: commit)[seen...].map { ToldState($0.state, on: kind) }
        #expect(again.prefix { $0 == .pending }.count == 3, "all three are pending before one is a success")
        let attempts = try await project.shown(commit).job("test").attempts.map(\.state)
        #expect(attempts == ["failed", "passed"])
        #expect(project.site.forge.record.violations.isEmpty)
    }

    @Test("a training that fails half way goes on from its checkpoint by itself, and says so")
    func checkpoint() async throws {
        let project = try await Project("people/checkpoint", on: try await Site.shared(.gitlab))
        let commit = try await project.push([
            ".pawl.yml": """
            train:
              script:
                - epoch=$(cat "${PAWL_RESUME_FROM:-none}/epoch" 2>/dev/null || echo 0)
                - mkdir -p ckpt && echo $((epoch + 1)) > ckpt/.epoch && mv ckpt/.epoch ckpt/epoch
                - echo "attempt $PAWL_ATTEMPT reached epoch $((epoch + 1))"
                - test "$epoch" -ge 1
              retry: 1
              ml: {checkpoint: ckpt/, checkpoint_every: 1m}
            """
        ])
        #expect(try await project.ended(commit) == ["pawl/push": .success, "pawl/push/train": .success])
        let attempts = try await project.shown(commit).job("train").attempts
        #expect(attempts.map(\.state) == ["failed", "passed"] && attempts.map(\.resumedFrom) == [nil, 1])
        #expect(attempts[0].usage.map { $0.uploaded > 0 } == true)
        #expect(try await project.log("train", of: commit).contains("attempt 2 reached epoch 2"))
        let shown = try await project.site.pawl("show", try project.pipeline(of: commit))
        #expect(shown.output.contains("went on from the checkpoint of attempt 1"), "\(shown.output)")
        #expect(shown.output.contains("  spent      "), "\(shown.output)")
        let usage = try await project.site.pawl("usage", project.path)
        #expect(usage.status == 0 && usage.output.contains(project.path), "\(usage)")
    }

    @Test(
        "a manual job is not told until it is played; the outbox shows what was told, and nothing is owed",
        arguments: [ForgeKind.github, .gitlab])
    func played(on kind: ForgeKind) async throws {
        let site = try await Site.shared(kind)
        let project = try await Project("people/play", on: site)
        let commit = try await project.push([
            ".pawl.yml": """
            stages: [test, deploy]
            test: {stage: test, script: [echo tested]}
            deploy:
              stage: deploy
              when: manual
              environment: production
              script: [echo "deployed to $CI_ENVIRONMENT_NAME"]
            """
        ])
        let before = try await project.ended(commit)
        #expect(before == ["pawl/push": .success, "pawl/push/test": .success])
        let seen = project.statuses(of: commit).count
        let pipeline = try project.pipeline(of: commit)
        #expect(try await site.pawl("play", "\(pipeline)/deploy").status == 0)
        let after = try await project.ended(commit, after: seen)
        #expect(after == ["pawl/push": .success, "pawl/push/test": .success, "pawl/push/deploy": .success])
        #expect(try await project.log("deploy", of: commit).contains("deployed to production"))
        let owed = try await site.pawl("outbox", pipeline, as: ShownOutbox.self).messages
        #expect(Set(owed.map(\.state)).isSubset(of: ["sent", "superseded", "owed"]))
        #expect(owed.contains { $0.status.context == "pawl/push/deploy" })
    }

    @Test(
        "a newer push stops what may be interrupted, and lets the rest finish", arguments: [ForgeKind.github, .gitlab])
    func superseded(on kind: ForgeKind) async throws {
        let project = try await Project("people/superseded", on: try await Site.shared(kind))
        let file = """
            train: {interruptible: true, script: [echo begun, sleep "$(cat seconds)"]}
            """
        let old = try await project.push([".pawl.yml": file, "seconds": "600"])
        try await project.told(.pending, "pawl/push/train", on: old)
        let new = try await project.push(["seconds": "0"])
        #expect(try await project.ended(old) == ["pawl/push": .failure, "pawl/push/train": .failure])
        #expect(try await project.ended(new) == ["pawl/push": .success, "pawl/push/train": .success])
        #expect(project.text("pawl/push", on: old).contains("cancelled"))
    }

    @Test("an older deploy does not go over a newer one, and says so", arguments: [ForgeKind.github, .gitlab])
    func outdated(on kind: ForgeKind) async throws {
        let site = try await Site.shared(kind)
        let project = try await Project("people/outdated", on: site)
        let file = """
            deploy: {environment: production, script: [echo deployed], when: manual, allow_failure: false}
            """
        let old = try await project.push([".pawl.yml": file, "version": "1"])
        try await project.told(.pending, "pawl/push", on: old)
        let new = try await project.push(["version": "2"])
        try await project.told(.pending, "pawl/push", on: new)
        #expect(try await site.pawl("play", "\(try project.pipeline(of: new))/deploy").status == 0)
        try await project.told(.success, "pawl/push/deploy", on: new)
        let refused = try await site.pawl("play", "\(try project.pipeline(of: old))/deploy")
        #expect(refused.status == 3, "\(refused)")
        #expect(refused.errors.contains("newer"), "\(refused.errors)")
    }

    @Test("a pipeline that a person stops is red and says who stopped it", arguments: [ForgeKind.github, .gitlab])
    func cancelled(on kind: ForgeKind) async throws {
        let site = try await Site.shared(kind)
        let project = try await Project("people/cancel", on: site)
        let commit = try await project.push([".pawl.yml": "train: {script: [echo begun, sleep 600]}"])
        try await project.told(.pending, "pawl/push/train", on: commit)
        #expect(try await site.pawl("cancel", try project.pipeline(of: commit)).status == 0)
        #expect(try await project.ended(commit) == ["pawl/push": .failure, "pawl/push/train": .failure])
        #expect(project.text("pawl/push", on: commit).contains("cancelled by admin"))
    }

    @Test("pawl run makes a pipeline with a person's variables", arguments: [ForgeKind.github, .gitlab])
    func run(on kind: ForgeKind) async throws {
        let site = try await Site.shared(kind)
        let project = try await Project("people/run", on: site)
        let commit = try await project.push([
            ".pawl.yml": "train: {variables: {EPOCHS: '1'}, script: [echo \"$EPOCHS epochs of $CI_PIPELINE_SOURCE\"]}"
        ])
        try await project.ended(commit)
        let run = try await site.pawl("run", project.path, "--variable", "EPOCHS=20", "--follow")
        #expect(run.status == 0, "\(run.errors)")
        try await project.told(.success, "pawl/manual", on: commit)
        #expect(try await project.log("train", of: commit, source: "manual").contains("20 epochs of web"))
    }
}
