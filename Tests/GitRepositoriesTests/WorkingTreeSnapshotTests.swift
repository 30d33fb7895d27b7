import Foundation
import PipelineModel
import TestSupport
import Testing

@testable import GitRepositories

@Suite("A snapshot of a checkout")
struct WorkingTreeSnapshotTests {
    let fixture: GitFixture
    let folder: String

    init() throws {
        fixture = try GitFixture()
        folder = fixture.folder + "/snapshot"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try fixture.push(["a.txt": "one\n", "src/b.txt": "two\n", ".gitignore": "*.log\n"])
    }

    private func write(_ text: String, to name: String, in checkout: String? = nil) throws {
        let file = URL(fileURLWithPath: (checkout ?? fixture.checkout) + "/" + name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func take(home: String? = nil) async throws -> WorkingTreeSnapshot {
        try await .take(of: fixture.checkout, branch: "main", into: folder, home: home)
    }

    private func text(_ path: String, of snapshot: WorkingTreeSnapshot) async throws -> String? {
        try await snapshot.repository.file(path, at: snapshot.commit).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("has what is changed, added, staged and deleted on disk, and leaves out what is ignored")
    func holdsTheDisk() async throws {
        try write("changed\n", to: "a.txt")
        try write("new\n", to: "new/c.txt")
        try write("noise\n", to: "run.log")
        try write("staged\n", to: "d.txt")
        try fixture.git(["add", "d.txt"], in: fixture.checkout)
        try FileManager.default.removeItem(atPath: fixture.checkout + "/src/b.txt")

        let snapshot = try await take()
        #expect(try await text("a.txt", of: snapshot) == "changed\n")
        #expect(
            try await snapshot.repository.tree(at: snapshot.commit) == [".gitignore", "a.txt", "d.txt", "new/c.txt"])
        #expect(snapshot.changedFiles.sorted() == ["a.txt", "d.txt", "new/c.txt", "src/b.txt"])
        let described = try await snapshot.repository.describe(snapshot.commit)
        #expect(described.parents == [snapshot.head])
    }

    @Test("leaves the checkout's repository byte for byte as it was, its index and stash too")
    func touchesNothing() async throws {
        try write("changed\n", to: "a.txt")
        try write("new\n", to: "c.txt")
        let before = try content(of: fixture.checkout)
        _ = try await take()
        #expect(try content(of: fixture.checkout) == before)
    }

    @Test("is HEAD itself where nothing has changed")
    func cleanCheckout() async throws {
        let snapshot = try await take()
        #expect(snapshot.commit == snapshot.head)
        #expect(snapshot.changedFiles.isEmpty)
    }

    @Test("can be cloned from like any repository, with the history, its tags, and under the name that was asked for")
    func mirrored() async throws {
        try fixture.git(["tag", "v1"], in: fixture.checkout)
        try write("changed\n", to: "a.txt")
        let snapshot = try await WorkingTreeSnapshot.take(of: fixture.checkout, branch: "lr/warm-up", into: folder)
        var repository = fixture.repository
        repository.cloneURL = snapshot.repository.path
        let mirrors = try Mirrors(root: fixture.folder + "/mirrors")
        let mirror = try await mirrors.mirror(
            of: repository, with: CommitSource(commit: snapshot.commit, ref: "refs/heads/lr/warm-up"))
        let workspace = fixture.folder + "/workspace"
        try FileManager.default.createDirectory(atPath: workspace, withIntermediateDirectories: true)
        let source = CommitSource(commit: snapshot.commit, ref: "refs/heads/lr/warm-up")
        try await mirror.checkOut(source, of: repository, into: workspace)
        #expect(try String(contentsOfFile: workspace + "/a.txt", encoding: .utf8) == "changed\n")
        #expect(try fixture.git(["describe", "--tags", "HEAD^"], in: workspace) == "v1")
    }

    @Test("works before the first commit, on a detached HEAD and in a linked worktree")
    func otherCheckouts() async throws {
        let empty = fixture.folder + "/empty"
        try fixture.git(["init", "-q", empty], in: fixture.folder)
        try write("x\n", to: "x.txt", in: empty)
        let first = try await WorkingTreeSnapshot.take(of: empty, branch: "main", into: try place("first"))
        #expect(first.head == nil)
        #expect(first.changedFiles == ["x.txt"])

        let linked = fixture.folder + "/linked"
        try fixture.git(["worktree", "add", "-q", "--detach", linked], in: fixture.checkout)
        try write("there\n", to: "a.txt", in: linked)
        let second = try await WorkingTreeSnapshot.take(of: linked, branch: "main", into: try place("second"))
        #expect(second.changedFiles == ["a.txt"])
        #expect(try await text("a.txt", of: second) == "there\n")
    }

    @Test("of a shallow clone stands alone and can still be cloned from")
    func shallowClone() async throws {
        try fixture.push(["a.txt": "three\n"])
        let shallow = fixture.folder + "/shallow"
        try fixture.git(["clone", "-q", "--depth", "1", "file://" + fixture.bare, shallow], in: fixture.folder)
        let snapshot = try await WorkingTreeSnapshot.take(of: shallow, branch: "main", into: folder)
        #expect(snapshot.changedFiles.isEmpty)
        var repository = fixture.repository
        repository.cloneURL = snapshot.repository.path
        let mirrors = try Mirrors(root: fixture.folder + "/mirrors")
        let source = CommitSource(commit: snapshot.commit, ref: "refs/heads/main")
        let mirror = try await mirrors.mirror(of: repository, with: source)
        #expect(try await mirror.describe(snapshot.commit).parents.isEmpty)
    }

    @Test("ignores what the person's own settings and the clone's exclude file ignore")
    func personalIgnores() async throws {
        let home = try place("home")
        try write("[core]\n\texcludesFile = ~/ignored\n", to: ".gitconfig", in: home)
        try write("*.swp\n", to: "ignored", in: home)
        try write("private/\n", to: ".git/info/exclude")
        try write("x", to: "a.swp")
        try write("x", to: "private/notes")
        try write("x", to: "kept")
        #expect(try await take(home: home).changedFiles == ["kept"])
    }

    @Test("keeps large files as pointers, changed ones too, and their content can be fetched from it")
    func largeFiles() async throws {
        try fixture.git(["lfs", "install", "--local"], in: fixture.checkout)
        try fixture.git(["lfs", "track", "*.bin"], in: fixture.checkout)
        try fixture.push(["kept.bin": "kept content", "model.bin": "old content"])
        try write("new content", to: "model.bin")
        let snapshot = try await take()
        #expect(snapshot.changedFiles == ["model.bin"])
        #expect(snapshot.missingLargeFiles == 0)
        #expect(try await text("model.bin", of: snapshot)?.hasPrefix("version https://git-lfs") == true)

        var repository = fixture.repository
        repository.cloneURL = snapshot.repository.path
        let source = CommitSource(commit: snapshot.commit, ref: "refs/heads/main")
        let mirror = try await Mirrors(root: fixture.folder + "/mirrors").mirror(of: repository, with: source)
        let workspace = try place("workspace")
        try await mirror.checkOut(source, of: repository, into: workspace)
        #expect(try String(contentsOfFile: workspace + "/model.bin", encoding: .utf8) == "new content")
        #expect(try String(contentsOfFile: workspace + "/kept.bin", encoding: .utf8) == "kept content")
    }

    @Test("finds what a ref of the checkout leads to, and nothing under a name that is none")
    func refs() async throws {
        let pushed = try fixture.git(["rev-parse", "HEAD"], in: fixture.checkout)
        try fixture.git(["fetch", "-q", "origin"], in: fixture.checkout)
        let snapshot = try await take()
        #expect(try await snapshot.commit(of: "refs/remotes/origin/main") == pushed)
        #expect(try await snapshot.commit(of: "refs/remotes/origin/none") == nil)
        #expect(try await snapshot.commit(of: "--all") == nil)
    }

    @Test("is refused where there is no checkout")
    func noCheckout() async throws {
        let nowhere = try place("nowhere")
        let error = await #expect(throws: GitError.self) {
            try await WorkingTreeSnapshot.take(of: nowhere, branch: "main", into: folder)
        }
        #expect(error?.code == .refused)
    }

    private func place(_ name: String) throws -> String {
        let path = fixture.folder + "/" + name
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// Every file below a folder with its content.
    private func content(of folder: String) throws -> [String: Data] {
        var content: [String: Data] = [:]
        let walker = FileManager.default.enumerator(atPath: folder)
        while let path = walker?.nextObject() as? String {
            content[path] = FileManager.default.contents(atPath: folder + "/" + path) ?? Data()
        }
        return content
    }
}
