import Forges
import Foundation
import TestSupport
import Testing

@Suite("what happens on a forge", .needsDocker, .timeLimit(.minutes(10)))
struct EventTests {
    private static let pipeline = "test: {script: [echo \"$CI_COMMIT_REF_NAME $CI_COMMIT_TAG.\"]}"

    @Test("a pushed tag is a pipeline of its own", arguments: [ForgeKind.github, .gitlab])
    func tag(on kind: ForgeKind) async throws {
        let project = try await Project("events/tag", on: try await Site.shared(kind))
        let commit = try await project.push([".pawl.yml": Self.pipeline])
        try await project.ended(commit)
        try await project.push(to: "refs/tags/v1.0")
        let states = try await project.ended(commit, source: "tag")
        #expect(states["pawl/tag/test"] == .success && states["pawl/push/test"] == .success)
        #expect(try await project.log("test", of: commit, source: "tag").contains("v1.0 v1.0."))
        project.expectNoViolations()
    }

    @Test("a branch that goes away takes its pipeline with it", arguments: [ForgeKind.github, .gitlab])
    func deleted(on kind: ForgeKind) async throws {
        let project = try await Project("events/deleted", on: try await Site.shared(kind))
        let commit = try await project.push(
            [".pawl.yml": "train: {script: [echo begun, sleep 600]}"], to: "refs/heads/topic")
        try await project.told(.pending, "pawl/push/train", on: commit)
        try await project.git("push", "--quiet", "origin", ":refs/heads/topic")
        try await project.told(.failure, "pawl/push", on: commit)
        #expect(project.text("pawl/push", on: commit).contains("cancelled"))
    }

    @Test("[skip ci] makes no pipeline, and the delivery says why", arguments: [ForgeKind.github, .gitlab])
    func skipped(on kind: ForgeKind) async throws {
        let site = try await Site.shared(kind)
        let project = try await Project("events/skipped", on: site)
        let skipped = try await project.push([".pawl.yml": Self.pipeline], message: "Docs [skip ci]")
        // Events of a repository are taken in their order: once this one is through, the one before is as well.
        let wanted = try await project.push(["more": "text"])
        try await project.ended(wanted)
        #expect(project.statuses(of: skipped).isEmpty)
        let deliveries = try await site.pawl("deliveries", project.path, as: ShownDeliveries.self).deliveries
        #expect(deliveries.contains { $0.state == "ignored" && $0.reason?.contains("[skip ci]") == true })
    }

    @Test(
        "pawl show prints each mistake of a file with its place and its line", arguments: [ForgeKind.github, .gitlab])
    func diagnostics(on kind: ForgeKind) async throws {
        let site = try await Site.shared(kind)
        let project = try await Project("events/diagnostics", on: site)
        let commit = try await project.push([
            ".pawl.yml": "train:\n  script: [echo hello]\n  needs: [trian]\n  retry: many\n"
        ])
        #expect(try await project.ended(commit) == ["pawl/push": .failure])
        #expect(project.text("pawl/push", on: commit).contains(".pawl.yml:"))
        let shown = try await site.pawl("show", try project.pipeline(of: commit))
        for part in [".pawl.yml:3:11", "needs: [trian]", ".pawl.yml:4:", "retry: many"] {
            #expect(shown.output.contains(part), "\(part) in \(shown.output)")
        }
    }

    @Test(
        "statuses arrive in order although the forge fails, asks to wait and loses answers",
        arguments: [ForgeKind.github, .gitlab])
    func outage(on kind: ForgeKind) async throws {
        // Outages rest the whole forge, so this scenario has one of its own.
        let site = try await Site(kind, networks: kind == .github ? "10.220.0.0/16" : "10.221.0.0/16")
        let project = try await Project("events/outage", on: site)
        let commit = try await project.commit([".pawl.yml": Self.pipeline])
        let path = "/statuses/\(commit)"
        site.forge.begin(Outage(.lostAnswer, count: 1, matching: path))
        site.forge.begin(Outage(.internalError, count: 1, matching: path))
        site.forge.begin(Outage(kind == .github ? .forbidden : .tooMany, count: 1, matching: path))
        site.forge.begin(Outage(.down, count: 1, matching: path))
        try await project.push()
        #expect(try await project.ended(commit) == ["pawl/push": .success, "pawl/push/test": .success])
        let refusals = site.forge.record.refusals.filter { $0.path.contains(path) }
        // What GitLab took without its answer arriving is refused when it is sent again; that counts as taken.
        let repeated = refusals.filter { $0.reason.contains("Cannot transition") && $0.status == 400 }
        #expect(repeated.count == (kind == .gitlab ? 1 : 0))
        #expect(refusals.count == 4 + repeated.count, "\(refusals)")
        project.expectOrderlyStatuses(of: commit)
        await site.forge.stop()
    }
}

extension Project {
    func expectNoViolations(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(site.forge.record.violations.isEmpty, sourceLocation: sourceLocation)
    }
}
