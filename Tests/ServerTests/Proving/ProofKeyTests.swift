import Foundation
import GitRepositories
import PipelineModel
import Signing
import Store
import TestSupport
import Testing

@testable import Server

@Suite("the key of a job with declared inputs")
struct ProofKeyTests {
    private let fixture: GitFixture
    private let store: Store
    private let repository: RepositoryID
    private let keys: ProofKeyBuilder
    private let vault: SecretVault

    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    init() async throws {
        fixture = try GitFixture()
        store = try await Store.open(StoreSettings(folder: fixture.folder + "/store"), now: Self.now)
        repository = try await store.addRepository(fixture.repository, now: Self.now).id
        vault = SecretVault(key: try SealingKey())
        let assignments = AssignmentBuilder(
            store: store, vault: vault, forges: ForgeConnections([]), limits: JobLimits(), defaultImage: "churn:1")
        keys = ProofKeyBuilder(
            store: store, assignments: assignments, mirrors: try Mirrors(root: fixture.folder + "/mirrors")
        ) { question in
            question.name == "churn:1" ? .known("sha256:one") : .unknown("no engine has \(question.name)")
        }
    }

    private static let files = ["src/a.py": "a = 1\n", "data.csv": "1,2\n", "README.md": "r"]

    /// The key that a job would have now.
    private func key(
        _ commit: String, trust: PipelineTrust = .init(isProtected: true, isFork: false), pullRequest: Int64? = nil,
        _ change: (inout PlannedJob) -> Void = { _ in }
    ) async throws -> JobKey {
        var job = PlannedJob(name: "train", stage: "test", script: ["python train.py"])
        job.ml = MLSettings()
        job.ml?.inputs = ["src/", "data.csv"]
        job.variables = [Variable("RATE", "0.1")]
        change(&job)
        var new = NewPipeline(
            repository: repository, source: .push, ref: "refs/heads/main", commit: commit, trust: trust,
            planning: .planned(Plan(stages: ["test"], jobs: [job])))
        new.variables = [
            Variable("CI", "true", expands: false), Variable("CI_COMMIT_SHA", commit, expands: false),
        ]
        new.pullRequest = pullRequest
        guard case .created(let id) = try await store.createPipeline(new, finishing: nil, now: Self.now),
            let stored = try await store.job(named: "train", of: id)
        else { throw StoreError(.invalid, message: "not created") }
        let waiting = try #require(try await store.provingCase(of: stored.id))
        return try #require(try await keys.key(of: waiting.job, now: Self.now))
    }

    private func bytes(_ key: JobKey) -> [UInt8] { key.parts.canonicalBytes(image: key.image ?? "") }

    @Test("it is the same in another pipeline, of another commit, and after what the job does not read was renamed")
    func same() async throws {
        let commit = try fixture.push(Self.files)
        let first = try await key(commit)
        #expect(bytes(try await key(commit)) == bytes(first))
        try fixture.git(["mv", "README.md", "notes.md"], in: fixture.checkout)
        let renamed = try await key(try fixture.push([:]))
        #expect(bytes(renamed) == bytes(first) && renamed.tree != first.tree)
        #expect(bytes(try await key(commit, trust: .init(isProtected: false, isFork: false))) == bytes(first))
        let names = first.parts[.variables].map(\.name)
        #expect(names.contains("RATE") && names.contains("CI") && !names.contains("CI_COMMIT_SHA"))
    }

    @Test(
        "it is another after one byte of the data, of the same size and time",
        arguments: [(["data.csv": "1,3\n"], "data.csv"), (["src/b.py": "b"], "src/b.py")]
            as [([String: String], String)])
    func data(_ change: [String: String], _ path: String) async throws {
        let first = try await key(try fixture.push(Self.files))
        let second = try await key(try fixture.push(change))
        #expect(bytes(second) != bytes(first))
        #expect(second.parts.differences(from: first.parts).map(\.name) == [path])
    }

    @Test("it is another after a file's mode has changed")
    func mode() async throws {
        let first = try await key(try fixture.push(Self.files))
        try fixture.git(["update-index", "--chmod=+x", "src/a.py"], in: fixture.checkout)
        try fixture.git(["commit", "-q", "-m", "mode"], in: fixture.checkout)
        try fixture.git(["push", "-q", "origin", "HEAD:refs/heads/main"], in: fixture.checkout)
        let second = try await key(try fixture.git(["rev-parse", "HEAD"], in: fixture.checkout))
        let found = second.parts.differences(from: first.parts)
        #expect(found.map(\.name) == ["src/a.py"] && found.first?.new?.hasPrefix("100755 ") == true)
    }

    @Test("it is another with another command, variable, seed, part, machine, output, or word of a fork")
    func parts() async throws {
        let commit = try fixture.push(Self.files)
        let first = try await key(commit)
        let changes: [(ProofKey.Part, (inout PlannedJob) -> Void)] = [
            (.script, { $0.script = ["python train.py --fast"] }),
            (.script, { $0.beforeScript = ["python train.py"] }),
            (.script, { $0.afterScript = ["rm -rf model"] }),
            (.script, { $0.image = .init(name: "churn:1", entrypoint: ["sh"]) }),
            (.variables, { $0.variables = [Variable("RATE", "0.2")] }),
            (.variables, { $0.variables.append(Variable("COMMIT", "$CI_COMMIT_SHA")) }),
            (.parameters, { $0.part = .init(index: 1, total: 2) }),
            (.machine, { $0.ml?.gpus = 1 }), (.machine, { $0.ml?.data = ["imagenet"] }),
            (.machine, { $0.tags = ["arm"] }),
            (.outputs, { $0.artifacts = .init(paths: ["model/"]) }), (.outputs, { $0.ml?.curves = ["runs/"] }),
        ]
        for (part, change) in changes {
            let other = try await key(commit, change)
            #expect(bytes(other) != bytes(first))
            let found = Set(other.parts.differences(from: first.parts).map(\.part))
            // Which part of a split job it is stands in its variables as well.
            #expect(found == [part] || part == .parameters && found == [.parameters, .variables])
        }
        let seeded = try await key(commit) { $0.seed = .init(node: "train", number: 2) }
        #expect(seeded.parts.differences(from: first.parts).contains { $0.part == .parameters && $0.new == "2" })
        let fork = PipelineTrust(isProtected: false, isFork: true)
        let theirs = try await key(commit, trust: fork, pullRequest: 7)
        #expect(theirs.parts.differences(from: first.parts).map(\.new) == ["pull request 7"])
    }

    @Test("the image counts by its id, or by the digest that names it, and is not guessed")
    func images() async throws {
        let commit = try fixture.push(Self.files)
        #expect(try await key(commit).image == "sha256:one")
        let digest = "sha256:" + String(repeating: "c", count: 64)
        let pinned = try await key(commit) { $0.image = .init(name: "churn@\(digest)") }
        #expect(pinned.image == digest && pinned.pinnedImage == digest)
        let unknown = try await key(commit) { $0.image = .init(name: "other:1") }
        #expect(unknown.image == nil && unknown.note == "no engine has other:1")
        let parts = unknown.parts
        #expect(parts.canonicalBytes(image: "sha256:one") != parts.canonicalBytes(image: "sha256:two"))
    }

    @Test("a secret counts by when it was set, once the job names it, and never by its value")
    func secrets() async throws {
        let commit = try fixture.push(Self.files)
        func set(_ value: String, at moment: Timestamp) async throws {
            let secret = SecretDescription(name: "TOKEN")
            let sealed = try vault.seal(Redacted(value), named: "TOKEN", environment: nil, of: repository)
            try await store.setSecret(secret, of: repository, sealed: sealed, now: moment)
        }
        let first = try await key(commit)
        try await set("s3cret", at: Self.now)
        #expect(bytes(try await key(commit)) == bytes(first))
        let named = try await key(commit) { $0.ml?.secrets = ["TOKEN"] }
        #expect(bytes(named) != bytes(first))
        #expect(!String(decoding: bytes(named), as: UTF8.self).contains("s3cret"))
        try await set("another", at: Self.now + .seconds(1))
        #expect(bytes(try await key(commit) { $0.ml?.secrets = ["TOKEN"] }) != bytes(named))
    }

    @Test("lists of texts do not run into each other")
    func encoding() throws {
        func bytes(_ items: [String]) -> [UInt8] {
            var key = ProofKey()
            key[.script] = items.map { .init("script", $0) }
            return key.canonicalBytes(image: "i")
        }
        let lists = [["ab"], ["a", "b"], ["a", "b", ""], ["6:script1:a"], ["a1:b"], []]
        #expect(Set(lists.map(bytes)).count == lists.count)
    }

    @Test("one proof in so many is drawn to be checked, and the same ones with the same salt")
    func lots() {
        let checks = ProvingService.Checks(oneIn: 25, salt: [1, 2, 3])
        let drawn = (1...5_000).filter { checks.falls(on: JobID(rawValue: Int64($0)), "key") }
        #expect((120...280).contains(drawn.count))
        let again = ProvingService.Checks(oneIn: 25, salt: [1, 2, 3])
        #expect(drawn == (1...5_000).filter { again.falls(on: JobID(rawValue: Int64($0)), "key") })
        let other = ProvingService.Checks(oneIn: 25, salt: [4])
        #expect(drawn != (1...5_000).filter { other.falls(on: JobID(rawValue: Int64($0)), "key") })
        #expect(!ProvingService.Checks.none.falls(on: 1, "key"))
    }
}
