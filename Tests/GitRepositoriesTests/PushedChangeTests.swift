import PipelineModel
import TestSupport
import Testing

@testable import GitRepositories

@Suite("What a push to a bare repository is about")
struct PushedChangeTests {
    private static let zeros = String(repeating: "0", count: 40)

    private func change(in git: GitFixture, from before: String, to after: String) async throws -> PushedChange? {
        try await PushedChange(in: git.bare, from: before, to: after)
    }

    @Test("an annotated tag is about the commit it is for, not about its own object")
    func annotatedTag() async throws {
        let git = try GitFixture()
        let commit = try git.push(["a.txt": "a"], message: "Train again [skip ci]\n\nlonger")
        try git.git(["tag", "--annotate", "--message", "Release", "v1"], in: git.checkout)
        try git.git(["push", "-q", "origin", "v1"], in: git.checkout)
        let object = try git.git(["rev-parse", "v1"], in: git.checkout)
        #expect(object != commit)
        let change = try #require(try await change(in: git, from: Self.zeros, to: object))
        #expect(change.commit == commit && change.message == "Train again [skip ci]\n\nlonger")
        #expect(change.isForced == nil && change.changedFiles.isEmpty)

        let mirror = Mirror(path: git.bare, git: GitCommand(configuration: "/dev/null"))
        #expect(try await mirror.describe(object).id == commit)
    }

    @Test("a branch that moves on names its files, and one that is set back says so")
    func branch() async throws {
        let git = try GitFixture()
        let first = try git.push(["a.txt": "a"])
        let second = try git.push(["b.txt": "b", "ä.txt": "c"])
        let onward = try #require(try await change(in: git, from: first, to: second))
        #expect(onward.isForced == false && onward.changedFiles == ["b.txt", "ä.txt"])
        let back = try #require(try await change(in: git, from: second, to: first))
        #expect(back.isForced == true && back.commit == first)
    }

    @Test("a ref that is gone, and a tag of a file, are about no commit")
    func noCommit() async throws {
        let git = try GitFixture()
        let commit = try git.push(["a.txt": "a"])
        #expect(try await change(in: git, from: commit, to: Self.zeros) == nil)
        let file = try git.git(["rev-parse", "HEAD:a.txt"], in: git.checkout)
        #expect(try await change(in: git, from: Self.zeros, to: file) == nil)
    }
}
