import Forges
import TestSupport
import Testing

@Suite("adding a repository", .needsDocker, .timeLimit(.minutes(10)))
struct RepositoryTests {
    @Test(
        "pawl repo add makes the webhook, proves that it arrives, and may be repeated",
        arguments: [ForgeKind.github, .gitlab])
    func added(on kind: ForgeKind) async throws {
        let site = try await Site.shared(kind)
        let project = try await Project("adding/churn", on: site, isAdded: false)
        for round in 1...2 {
            let checks = try await site.pawl("repo", "add", project.address, as: ShownChecks.self)
            for about in ["forge", "webhook", "reached"] {
                #expect(try checks.check(about).verdict == "good", "\(round): \(checks)")
            }
            // A repository without a pipeline file surprises at its first push: better now.
            #expect(try checks.check("pipeline").verdict == "attention")
            #expect(try checks.check("forge").text.contains(project.path))
            #expect(try checks.check("webhook").text.contains("signed"))
            #expect(try checks.check("reached").text.contains("arrived and verified"))
        }
        let id = try site.forge.repository(project.path).id
        let hooks = Set(site.forge.record.deliveries.filter { $0.repositoryID == id }.map(\.hook))
        #expect(!hooks.isEmpty)
        #expect(site.forge.record.deliveries.filter { $0.repositoryID == id }.allSatisfy { $0.answer == 202 })

        // The second time gave the hook a new secret: what comes now is signed with it.
        let commit = try await project.push([".pawl.yml": "test: {script: [echo tested]}"])
        #expect(try await project.ended(commit) == ["pawl/push": .success, "pawl/push/test": .success])
        project.expectNoViolations()
    }

    @Test(
        "an address that is none, and one that the forge does not have, are told in one line",
        arguments: [ForgeKind.github, .gitlab])
    func wrong(on kind: ForgeKind) async throws {
        let site = try await Site.shared(kind)
        for address in ["\(site.forge.url)/nobody/nothing", "https://elsewhere.example.com/ml/churn", "churn"] {
            let outcome = try await site.pawl("repo", "add", address)
            #expect(outcome.status != 0)
            #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
        }
    }

    @Test(
        "doctor finds data, engine, fence and inbox as they should be", .needsRoot,
        arguments: [ForgeKind.github, .gitlab])
    func doctor(on kind: ForgeKind) async throws {
        let checks = try await Site.shared(kind).pawl("doctor", as: ShownChecks.self)
        for about in ["data", "engine", "fence"] {
            let check = try checks.check(about)
            #expect(check.verdict == "good", "\(about): \(check.text)")
        }
    }
}
