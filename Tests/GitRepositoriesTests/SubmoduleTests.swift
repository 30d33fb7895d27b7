import Foundation
import PipelineModel
import TestSupport
import Testing

@testable import GitRepositories

@Suite("submodules", .timeLimit(.minutes(2)))
struct SubmoduleTests {
    let fixture: GitFixture
    let mirrors: Mirrors

    init() throws {
        fixture = try GitFixture()
        mirrors = try Mirrors(root: fixture.folder + "/mirrors")
    }

    /// Pushes a commit with a submodule at an address.
    private func push(submodule address: String, of commit: String) throws -> String {
        let modules = "[submodule \"lib\"]\n\tpath = lib\n\turl = \(address)\n"
        try Data(modules.utf8).write(to: URL(filePath: fixture.checkout + "/.gitmodules"))
        try fixture.git(["add", ".gitmodules"], in: fixture.checkout)
        try fixture.git(["update-index", "--add", "--cacheinfo", "160000,\(commit),lib"], in: fixture.checkout)
        try fixture.git(["commit", "-q", "-m", "Add lib"], in: fixture.checkout)
        try fixture.git(["push", "-q", "--force", "origin", "HEAD:refs/heads/main"], in: fixture.checkout)
        return try fixture.git(["rev-parse", "HEAD"], in: fixture.checkout)
    }

    @Test("they are brought as the strategy says, those in them and large files included")
    func strategies() async throws {
        let innermost = try GitFixture()
        try innermost.git(["lfs", "install", "--local"], in: innermost.checkout)
        try innermost.push(["deep/.gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"])
        try innermost.push(["deep/model.bin": "weights"])
        let inner = try GitFixture()
        try inner.push(["inner.txt": "inside"])
        try inner.git(["submodule", "-q", "add", "file://" + innermost.bare, "models"], in: inner.checkout)
        try inner.push([:])
        try fixture.git(["submodule", "-q", "add", inner.bare, "lib"], in: fixture.checkout)
        let commit = try fixture.push([:])
        let source = CommitSource(commit: commit, ref: "refs/heads/main")
        let mirror = try await mirrors.mirror(of: fixture.repository, with: source)
        func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: fixture.folder + path) }
        for strategy in [CheckoutOptions.Submodules.none, .normal, .recursive] {
            try await mirror.checkOut(
                source, of: fixture.repository, into: "\(fixture.folder)/\(strategy)",
                options: CheckoutOptions(submodules: strategy))
        }
        #expect(!exists("/none/lib/inner.txt"))
        #expect(exists("/normal/lib/inner.txt") && !exists("/normal/lib/models/deep"))
        let model = fixture.folder + "/recursive/lib/models/deep/model.bin"
        #expect(try String(contentsOfFile: model, encoding: .utf8) == "weights")
        #expect(try fixture.git(["status", "--porcelain"], in: fixture.folder + "/recursive").isEmpty)
    }

    @Test("they are mirrored: a second checkout asks nobody, and a commit that no branch leads to is brought")
    func mirrored() async throws {
        let inner = try GitFixture()
        let wanted = try inner.push(["inner.txt": "wanted"])
        try inner.git(["config", "uploadpack.allowAnySHA1InWant", "true"], in: inner.bare)
        try fixture.git(["submodule", "-q", "add", inner.bare, "lib"], in: fixture.checkout)
        let commit = try fixture.push([:])
        try inner.git(["commit", "-q", "--amend", "-m", "Another"], in: inner.checkout)
        try inner.git(["push", "-q", "--force", "origin", "HEAD:refs/heads/main"], in: inner.checkout)
        let source = CommitSource(commit: commit, ref: "refs/heads/main")
        let mirror = try await mirrors.mirror(of: fixture.repository, with: source)
        func checkOut(into name: String) async throws -> String {
            let folder = fixture.folder + "/" + name
            try await mirror.checkOut(
                source, of: fixture.repository, into: folder, options: CheckoutOptions(submodules: .normal))
            return folder + "/lib"
        }
        let first = try await checkOut(into: "first")
        #expect(try fixture.git(["rev-parse", "HEAD"], in: first) == wanted)
        #expect(try fixture.git(["config", "remote.origin.url"], in: first) == inner.bare)
        try FileManager.default.removeItem(atPath: inner.bare)
        let second = try await checkOut(into: "second")
        #expect(try String(contentsOfFile: second + "/inner.txt", encoding: .utf8) == "wanted")
        // Nothing in a workspace shares a file with the mirror.
        let packs = fixture.folder + "/second/.git/modules/lib/objects/pack"
        for name in try FileManager.default.contentsOfDirectory(atPath: packs) {
            let links = try FileManager.default.attributesOfItem(atPath: packs + "/" + name)[.referenceCount] as? Int
            #expect(links == 1)
        }
    }

    @Test("the credential reads the repository, and another of its server only where an administrator says so")
    func credential() async throws {
        try await StubForge.lend(.github) { forge in
            try await forge.createRepository("ml/churn")
            try await forge.createRepository("ml/library")
            let writer = forge.createToken(for: "mira")
            let library = try GitFixture()
            let inner = try library.push(["lib.txt": "from the library"])
            try await library.gitAside(
                ["push", "-q", forge.cloneURL("ml/library", token: writer), "main"], in: library.checkout)
            try fixture.push(["a.txt": "1"])
            let commit = try push(submodule: "../library.git", of: inner)
            try await fixture.gitAside(
                ["push", "-q", forge.cloneURL("ml/churn", token: writer), "main"], in: fixture.checkout)
            let reader = GitCredential(
                user: "x-access-token", password: Redacted(forge.createToken(for: "mira", mayWrite: false)))
            var repository = fixture.repository
            repository.cloneURL = forge.cloneURL("ml/churn")
            var source = CommitSource(commit: commit, ref: "refs/heads/main", credential: reader)
            let options = CheckoutOptions(submodules: .normal)
            let mirror = try await mirrors.mirror(of: repository, with: source)
            await #expect {
                try await mirror.checkOut(
                    source, of: repository, into: fixture.folder + "/strict", options: options)
            } throws: { ($0 as? GitError)?.code == .unauthorized }

            source.credential?.readsSubmodules = true
            let workspace = fixture.folder + "/workspace"
            try await mirror.checkOut(source, of: repository, into: workspace, options: options)
            #expect(try String(contentsOfFile: workspace + "/lib/lib.txt", encoding: .utf8) == "from the library")
        }
    }

    @Test(
        "those of a server's repository lead neither into this machine, nor to its neighbours, nor to where its keys open",
        arguments: [
            "/srv/git/other.git", "file:///srv/git/other.git", "ssh://git@forge.test/ml/other.git",
            "git@forge.test:ml/other.git", "git://forge.test/ml/other.git", "http://other.test/x.git",
            "http://169.254.169.254/x.git", "https://169.254.169.254/x.git", "https://127.0.0.1:9000/x.git",
            "https://localhost./x.git", "https://2130706433/x.git", "https://0x7f.1/x.git", "https://[::1]/x.git",
            "https://[::ffff:169.254.169.254]/x.git", "https://mira@127.0.0.1/x.git", "ext::sh -c id",
        ])
    func hostileAddress(address: String) async throws {
        try fixture.push(["a.txt": "1"])
        let commit = try push(submodule: address, of: String(repeating: "a", count: 40))
        let source = CommitSource(commit: commit, ref: "refs/heads/main")
        let mirror = try await mirrors.mirror(of: fixture.repository, with: source)
        var repository = fixture.repository
        repository.cloneURL = "https://forge.test/ml/churn.git"
        await #expect {
            try await mirror.checkOut(
                source, of: repository, into: fixture.folder + "/workspace",
                options: CheckoutOptions(submodules: .normal))
        } throws: { ($0 as? GitError)?.code == .refused }
    }
}
