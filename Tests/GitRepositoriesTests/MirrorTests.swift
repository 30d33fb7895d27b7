import Foundation
import PipelineModel
import TestSupport
import Testing

@testable import GitRepositories

@Suite("Mirrors of real repositories")
struct MirrorTests {
    let fixture: GitFixture
    let mirrors: Mirrors

    init() throws {
        fixture = try GitFixture()
        mirrors = try Mirrors(root: fixture.folder + "/mirrors")
    }

    func mirror(_ commit: String, ref: String = "refs/heads/main") async throws -> Mirror {
        try await mirrors.mirror(of: fixture.repository, with: CommitSource(commit: commit, ref: ref))
    }

    @Test("files, paths, changes and words of a commit are read without a checkout")
    func reading() async throws {
        let first = try fixture.push([".pawl.yml": "a: 1\n", "src/ö \"x\".py": "1"])
        let second = try fixture.push(["src/new.py": "2"], message: "Add new\n\nand say why")
        let mirror = try await mirror(second)
        #expect(try await mirror.file(".pawl.yml", at: second) == Array("a: 1\n".utf8))
        #expect(try await mirror.file("none", at: second) == nil)
        #expect(try await mirror.file("src", at: second) == nil)
        #expect(try await mirror.tree(at: second).sorted() == [".pawl.yml", "src/new.py", "src/ö \"x\".py"])
        #expect(try await mirror.changedFiles(from: first, to: second, sinceMergeBase: false) == ["src/new.py"])
        let unknown = String(repeating: "0", count: 40)
        #expect(try await mirror.changedFiles(from: unknown, to: second, sinceMergeBase: false) == nil)
        let words = try await mirror.describe(second)
        #expect(words.title == "Add new")
        #expect(words.message == "Add new\n\nand say why")
        #expect(words.authorName == "Mira")
        #expect(words.parents == [first])
    }

    @Test("a file behind a symbolic link is not read, and one too long is refused")
    func hostileFiles() async throws {
        try fixture.git(["init", "-q"], in: fixture.checkout)
        try FileManager.default.createSymbolicLink(
            atPath: fixture.checkout + "/.pawl.yml", withDestinationPath: "/etc/passwd")
        let commit = try fixture.push(["long": String(repeating: "x", count: 3_000)])
        let mirror = try await mirror(commit)
        #expect(try await mirror.file(".pawl.yml", at: commit) == nil)
        await #expect { try await mirror.file("long", at: commit, limit: 1_000) } throws: {
            ($0 as? GitError)?.code == .tooLarge
        }
    }

    @Test("a later commit is fetched into the same mirror, and a gone one is said to be gone")
    func fetching() async throws {
        let first = try fixture.push(["a": "1"])
        let path = try await mirror(first).path
        let second = try fixture.push(["a": "2"])
        #expect(try await mirror(second).path == path)
        await #expect { try await mirror(String(repeating: "a", count: 40)) } throws: {
            ($0 as? GitError)?.code == .commitNotFound
        }
    }

    @Test("a commit that only a pull request's ref leads to is found")
    func pullRequestRef() async throws {
        try fixture.push(["a": "1"])
        let commit = try fixture.push(["a": "from a fork"], branch: "tmp")
        try fixture.git(["update-ref", "refs/pull/7/head", commit], in: fixture.bare)
        try fixture.git(["update-ref", "-d", "refs/heads/tmp"], in: fixture.bare)
        let mirror = try await mirror(commit, ref: "refs/pull/7/head")
        #expect(try await mirror.file("a", at: commit) == Array("from a fork".utf8))
    }

    @Test("a repository that cannot be reached is not said to lack the commit")
    func unreachable() async throws {
        var repository = fixture.repository
        repository.cloneURL = "http://127.0.0.1:9/none.git"
        let source = CommitSource(commit: String(repeating: "a", count: 40), ref: "refs/heads/main")
        await #expect { try await mirrors.mirror(of: repository, with: source) } throws: {
            ($0 as? GitError)?.isTransient == true
        }
    }

    @Test("many who want one commit at once all get it")
    func concurrentFetches() async throws {
        let commit = try fixture.push(["a": "1"])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { _ = try await mirror(commit) }
            }
            try await group.waitForAll()
        }
    }

    @Test("a checkout has the commit's files, its tags, and a git that works")
    func checkout() async throws {
        let first = try fixture.push(["a.txt": "1", "dir/b.sh": "x"])
        try fixture.git(["tag", "v1"], in: fixture.checkout)
        try fixture.git(["push", "-q", "origin", "v1"], in: fixture.checkout)
        let second = try fixture.push(["a.txt": "2"])
        let workspace = fixture.folder + "/workspace"
        let source = CommitSource(commit: second, ref: "refs/heads/main")
        try await mirror(second).checkOut(source, of: fixture.repository, into: workspace)
        #expect(try String(contentsOfFile: workspace + "/a.txt", encoding: .utf8) == "2")
        #expect(try fixture.git(["describe", "--tags"], in: workspace).hasPrefix("v1-1-g"))
        #expect(try fixture.git(["rev-parse", "HEAD", "origin/main"], in: workspace) == "\(second)\n\(second)")
        #expect(try fixture.git(["status", "--porcelain"], in: workspace).isEmpty)
        #expect(try fixture.git(["log", "--format=%H"], in: workspace).contains(first))
    }

    @Test("submodules are brought as the strategy says")
    func submodules() async throws {
        let inner = try GitFixture()
        try inner.push(["inner.txt": "inside"])
        try fixture.git(["submodule", "-q", "add", inner.bare, "lib"], in: fixture.checkout)
        let commit = try fixture.push([:])
        let source = CommitSource(commit: commit, ref: "refs/heads/main")
        let mirror = try await mirror(commit)
        let without = fixture.folder + "/without"
        try await mirror.checkOut(source, of: fixture.repository, into: without)
        #expect(!FileManager.default.fileExists(atPath: without + "/lib/inner.txt"))
        let with = fixture.folder + "/with"
        try await mirror.checkOut(
            source, of: fixture.repository, into: with, options: CheckoutOptions(submodules: .normal))
        #expect(FileManager.default.fileExists(atPath: with + "/lib/inner.txt"))
    }

    @Test("large files arrive with their content")
    func largeFiles() async throws {
        try fixture.git(["lfs", "install", "--local"], in: fixture.checkout)
        try fixture.git(["lfs", "track", "*.bin"], in: fixture.checkout)
        let commit = try fixture.push(["model.bin": "weights"])
        #expect(try fixture.git(["show", "HEAD:model.bin"], in: fixture.checkout).contains("git-lfs"))
        let workspace = fixture.folder + "/workspace"
        let source = CommitSource(commit: commit, ref: "refs/heads/main")
        var repository = fixture.repository
        repository.cloneURL = "file://" + fixture.bare
        try await mirrors.mirror(of: repository, with: source).checkOut(source, of: repository, into: workspace)
        #expect(try String(contentsOfFile: workspace + "/model.bin", encoding: .utf8) == "weights")
    }

    @Test("a mirror that nobody used since the moment is removed, another stays")
    func pruning() async throws {
        let commit = try fixture.push(["a": "1"])
        let path = try await mirror(commit).path
        #expect(try await mirrors.prune(unusedSince: Timestamp(milliseconds: 0)).isEmpty)
        #expect(try await mirrors.prune(unusedSince: Timestamp(milliseconds: .max)) == [path])
        #expect(try await mirror(commit).path == path)
    }
}
