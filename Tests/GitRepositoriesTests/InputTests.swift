import Foundation
import PipelineModel
import TestSupport
import Testing

@testable import GitRepositories

@Suite("The declared inputs of a job")
struct InputTests {
    let fixture: GitFixture
    let mirrors: Mirrors

    init() throws {
        fixture = try GitFixture()
        mirrors = try Mirrors(root: fixture.folder + "/mirrors")
    }

    private func listing(_ patterns: [String], at commit: String) async throws -> InputListing {
        let source = CommitSource(commit: commit, ref: "refs/heads/main")
        return try await mirrors.mirror(of: fixture.repository, with: source).inputs(patterns, at: commit)
    }

    private func layOut(_ patterns: [String], of commit: String) async throws -> [String] {
        let source = CommitSource(commit: commit, ref: "refs/heads/main")
        let mirror = try await mirrors.mirror(of: fixture.repository, with: source)
        let folder = fixture.folder + "/workspace-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await mirror.layOut(
            try await mirror.inputs(patterns, at: commit), of: source, in: fixture.repository, into: folder)
        return try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
    }

    @Test("files, folders and globs are laid out, and nothing else: no other file, and no history")
    func layingOut() async throws {
        let commit = try fixture.push([
            "src/a.py": "a", "src/deep/b.py": "b", "data/x.csv": "1", "data/y.txt": "2", "README.md": "r",
            ".gitattributes": "*.csv text\n", "params.yaml": "lr: 1",
        ])
        #expect(
            try await layOut(["src/", "./params.yaml", "data/*.{csv,tsv}"], of: commit) == [
                "data", "data/x.csv", "params.yaml", "src", "src/a.py", "src/deep", "src/deep/b.py",
            ])
        #expect(try await layOut(["**/*.py"], of: commit) == ["src", "src/a.py", "src/deep", "src/deep/b.py"])
        #expect(try await layOut(["none"], of: commit).isEmpty)
        #expect(try await listing(["none", "src"], at: commit).unmatched == ["none"])
    }

    @Test(
        "a listing is another after a byte, a mode or an attribute has changed, and the same after anything else",
        arguments: [
            (["data.csv": "2"], true), (["data.csv": "1 "], true), ([".gitattributes": "*.csv text\n"], true),
            (["README.md": "other"], false), (["src/.gitattributes": "*.csv text\n"], false),
        ] as [([String: String], Bool)])
    func changes(_ change: [String: String], _ matters: Bool) async throws {
        let before = try fixture.push(["data.csv": "1", "README.md": "r", "src/a.py": "a"])
        let first = try await listing(["data.csv"], at: before)
        let after = try fixture.push(change)
        #expect((try await listing(["data.csv"], at: after).canonicalBytes != first.canonicalBytes) == matters)
    }

    @Test("a file that became executable is another input; one that was renamed beside the inputs is none")
    func modes() async throws {
        let before = try await listing(["run.sh"], at: try fixture.push(["run.sh": "a", "notes": "n"]))
        try fixture.git(["mv", "notes", "words"], in: fixture.checkout)
        let renamed = try await listing(["run.sh"], at: try fixture.push([:]))
        #expect(renamed == before)
        try fixture.git(["update-index", "--chmod=+x", "run.sh"], in: fixture.checkout)
        try fixture.git(["commit", "-q", "-m", "mode"], in: fixture.checkout)
        try fixture.git(["push", "-q", "origin", "HEAD:refs/heads/main"], in: fixture.checkout)
        let commit = try fixture.git(["rev-parse", "HEAD"], in: fixture.checkout)
        let changed = try await listing(["run.sh"], at: commit)
        #expect(changed.entries.map(\.mode) == ["100755"] && changed.canonicalBytes != before.canonicalBytes)
    }

    @Test("large files come with their content though what says that they are large is no input")
    func largeFiles() async throws {
        try fixture.git(["lfs", "install", "--local"], in: fixture.checkout)
        try fixture.push([".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"])
        let commit = try fixture.push(["model.bin": "the weights", "other.bin": "others"])
        let source = CommitSource(commit: commit, ref: "refs/heads/main")
        let mirror = try await mirrors.mirror(of: fixture.repository, with: source)
        let folder = fixture.folder + "/large"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let inputs = try await mirror.inputs(["model.bin"], at: commit)
        try await mirror.layOut(inputs, of: source, in: fixture.repository, into: folder)
        #expect(try String(contentsOfFile: folder + "/model.bin", encoding: .utf8) == "the weights")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["model.bin"])
    }
}
