import Foundation
import Glibc
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

    @Test("files whose modes were changed afterwards are not taken for changed ones")
    func changedModes() async throws {
        let commit = try fixture.push(["a.txt": "1"])
        let workspace = fixture.folder + "/workspace"
        let source = CommitSource(commit: commit, ref: "refs/heads/main")
        try await mirror(commit).checkOut(source, of: fixture.repository, into: workspace)
        func changeTime() -> Int {
            var status = stat()
            return stat(workspace + "/a.txt", &status) == 0 ? status.st_ctim.tv_sec : 0
        }
        // Git compares whole seconds.
        let before = changeTime()
        while changeTime() == before { chmod(workspace + "/a.txt", 0o666) }
        try fixture.git(["diff-index", "--quiet", "HEAD"], in: workspace)
    }

    @Test("jobs can read what is fetched, even where the account keeps its files to itself")
    func sharedObjects() async throws {
        let commit = try fixture.push(["a.txt": "1"])
        let path = try await mirror(commit).path
        let id = try fixture.git(
            ["-c", "alias.keep=!umask 077; echo new | git hash-object -w --stdin", "keep"], in: path)
        var status = stat()
        for place in ["/objects/" + id.prefix(2), "/objects/\(id.prefix(2))/\(id.dropFirst(2))"] {
            #expect(stat(path + place, &status) == 0 && status.st_mode & 0o044 == 0o044)
        }
    }

    @Test("large files arrive with their content, in whichever folder the attributes stand", arguments: ["", "deep/"])
    func largeFiles(folder: String) async throws {
        try fixture.git(["lfs", "install", "--local"], in: fixture.checkout)
        try fixture.push([folder + ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"])
        let commit = try fixture.push([folder + "model.bin": "weights"])
        #expect(try fixture.git(["show", "HEAD:\(folder)model.bin"], in: fixture.checkout).contains("git-lfs"))
        let workspace = fixture.folder + "/workspace"
        let source = CommitSource(commit: commit, ref: "refs/heads/main")
        var repository = fixture.repository
        repository.cloneURL = "file://" + fixture.bare
        try await mirrors.mirror(of: repository, with: source).checkOut(source, of: repository, into: workspace)
        #expect(try String(contentsOfFile: "\(workspace)/\(folder)model.bin", encoding: .utf8) == "weights")
    }

    @Test("a commit cannot have its large files fetched from a server of its choice")
    func foreignLargeFiles() async throws {
        try fixture.push([".gitattributes": "*.bin filter=lfs\n"])
        let commit = try fixture.push([".lfsconfig": "[lfs]\n\turl = http://169.254.169.254/latest\n"])
        let source = CommitSource(commit: commit, ref: "refs/heads/main")
        let mirror = try await mirror(commit)
        for address in ["https://forge.test/ml/churn.git", fixture.bare] {
            var repository = fixture.repository
            repository.cloneURL = address
            await #expect {
                try await mirror.checkOut(
                    source, of: repository, into: "\(fixture.folder)/\(address.count)")
            } throws: { ($0 as? GitError)?.code == .refused }
        }
    }

    @Test("who waits for another's fetch can give up", .timeLimit(.minutes(4)))
    func cancelledWaiting() async throws {
        let server = try SilentServer()
        var repository = fixture.repository
        repository.cloneURL = "http://127.0.0.1:\(server.port)/a.git"
        let source = CommitSource(commit: String(repeating: "a", count: 40), ref: "refs/heads/main")
        let first = Task { [mirrors, repository] in try await mirrors.mirror(of: repository, with: source) }
        await server.waitForConnection()
        let second = Task { [mirrors, repository] in try await mirrors.mirror(of: repository, with: source) }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        first.cancel()
        await #expect(throws: (any Error).self) { try await first.value }
    }

    @Test("a commit that a job has used stays though its branch is gone, until nobody has used it for long")
    func upkeep() async throws {
        let (never, always) = (Timestamp(milliseconds: 0), Timestamp(milliseconds: .max))
        let first = try fixture.push(["a": "1"], branch: "topic")
        let path = try await mirror(first, ref: "refs/heads/topic").path
        try fixture.git(["commit", "-q", "--amend", "-m", "another"], in: fixture.checkout)
        let second = try fixture.push(["a": "2"], branch: "topic")
        _ = try await mirror(second, ref: "refs/heads/topic")
        func reached() throws -> [String] {
            try fixture.git(["rev-list", "--all", "--no-walk"], in: path).split(separator: "\n").map(String.init)
        }
        _ = try await mirrors.prune(unusedSince: never, commitsUsedSince: never)
        #expect(try reached().contains(first))
        _ = try await mirrors.prune(unusedSince: never, commitsUsedSince: always)
        #expect(try reached() == [second])
    }

    @Test("packs that piled up become one")
    func packing() async throws {
        let never = Timestamp(milliseconds: 0)
        func packs(in mirror: Mirror) throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: mirror.path + "/objects/pack")
                .filter { $0.hasSuffix(".pack") }.count
        }
        func fetch(_ count: Int) async throws -> Mirror {
            var newest: Mirror?
            for _ in 0..<count { newest = try await mirror(try fixture.push(["a": UUID().uuidString])) }
            return try #require(newest)
        }
        let few = try await fetch(4)
        #expect(try packs(in: few) == 4)
        await few.packIfMany(over: 4)
        #expect(try packs(in: few) == 4)
        await few.packIfMany(over: 3)
        #expect(try packs(in: few) == 1)
        let many = try await fetch(21)
        #expect(try packs(in: many) > 20)
        _ = try await mirrors.prune(unusedSince: never, commitsUsedSince: never)
        #expect(try packs(in: many) < 5)
    }

    @Test("a commit that a broken-off fetch left without its files is fetched anew")
    func partialCommit() async throws {
        let path = try await mirror(try fixture.push(["a": "1"])).path
        let commit = try fixture.push(["a": "2"])
        try leave(commit, in: path)
        #expect(try await mirror(commit).file("a", at: commit) == Array("2".utf8))
    }

    @Test("a mirror with a lock that nobody holds, and a used commit that lacks its files, mends itself")
    func mending() async throws {
        let path = try await mirror(try fixture.push(["a": "1", "folder/b": "1"])).path
        let partial = try fixture.push(["a": "2", "folder/b": "2"])
        try leave(partial, in: path)
        try Data((partial + "\n").utf8).write(to: URL(filePath: "\(path)/refs/pawl/\(partial)"))
        try Data().write(to: URL(filePath: path + "/refs/heads/main.lock"))
        let next = try fixture.push(["a": "3"])
        #expect(try await mirror(next).file("folder/b", at: next) == Array("2".utf8))
        #expect(try await mirror(partial).file("a", at: partial) == Array("2".utf8))
        #expect(try fixture.git(["fsck", "--connectivity-only", "--no-dangling"], in: path).isEmpty)
    }

    /// Puts the commit itself into a mirror, as a git that was killed while it unpacked.
    private func leave(_ commit: String, in mirror: String) throws {
        let object = "objects/\(commit.prefix(2))/\(commit.dropFirst(2))"
        try FileManager.default.createDirectory(
            atPath: "\(mirror)/objects/\(commit.prefix(2))", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(fixture.bare)/\(object)", toPath: "\(mirror)/\(object)")
    }

    @Test("a mirror that nobody used since the moment is removed, another stays")
    func pruning() async throws {
        let (never, always) = (Timestamp(milliseconds: 0), Timestamp(milliseconds: .max))
        let commit = try fixture.push(["a": "1"])
        let path = try await mirror(commit).path
        #expect(try await mirrors.prune(unusedSince: never, commitsUsedSince: never).isEmpty)
        #expect(try await mirrors.prune(unusedSince: always, commitsUsedSince: never) == [path])
        #expect(try await mirror(commit).path == path)
    }
}

/// Takes connections, and never says a word.
private final class SilentServer: Sendable {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        port = try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try #require(bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0)
                try #require(getsockname(descriptor, $0, &length) == 0)
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
    }

    deinit { close(descriptor) }

    /// Returns when somebody has connected. The connection stays open.
    func waitForConnection() async {
        await withCheckedContinuation { continuation in
            Thread { [descriptor] in
                _ = accept(descriptor, nil, nil)
                continuation.resume()
            }.start()
        }
    }
}
