import Foundation
import PipelineModel
import TestSupport
import Testing

@testable import GitRepositories

/// A benchmark, not a promise: prints figures with a fresh clone beside them.
@Suite(
    "the cost of a checkout",
    .enabled(if: ProcessInfo.processInfo.environment["PAWL_BENCHMARK"] != nil, "a benchmark: PAWL_BENCHMARK=1"),
    .serialized, .timeLimit(.minutes(5)))
struct CheckoutCostTests {
    @Test("a checkout from the mirror beside a fresh clone")
    func besideClone() async throws {
        let fixture = try GitFixture()
        let commit = try pushHistory(to: fixture)
        let mirrors = try Mirrors(root: fixture.folder + "/mirrors")
        let source = CommitSource(commit: commit, ref: "refs/heads/main")
        var (ours, clones): ([Duration], [Duration]) = ([], [])
        _ = try await mirrors.mirror(of: fixture.repository, with: source)
        // Taken in turn, so that what else the machine does falls on both.
        for number in 1...7 {
            var began = ContinuousClock.now
            let mirror = try await mirrors.mirror(of: fixture.repository, with: source)
            try await mirror.checkOut(source, of: fixture.repository, into: "\(fixture.folder)/ours-\(number)")
            ours.append(ContinuousClock.now - began)
            began = ContinuousClock.now
            try fixture.git(
                ["clone", "-q", "file://" + fixture.bare, "\(fixture.folder)/clone-\(number)"], in: fixture.folder)
            clones.append(ContinuousClock.now - began)
        }
        let (ourMedian, cloneMedian) = (ours.sorted()[3], clones.sorted()[3])
        print("median of a checkout: \(ourMedian.text), of a fresh clone over no network: \(cloneMedian.text)")
    }

    /// Two hundred commits over fifty files of 200 KiB that do not compress.
    private func pushHistory(to fixture: GitFixture) throws -> String {
        for number in 0..<200 {
            let bytes = (0..<25_000).map { _ in UInt64.random(in: 0 ... .max) }
            let path = "\(fixture.checkout)/data-\(number % 50).bin"
            try bytes.withUnsafeBytes { Data($0) }.write(to: URL(filePath: path))
            try fixture.git(["add", "-A"], in: fixture.checkout)
            try fixture.git(["commit", "-q", "-m", "Change \(number)"], in: fixture.checkout)
        }
        try fixture.git(["push", "-q", "origin", "HEAD:refs/heads/main"], in: fixture.checkout)
        return try fixture.git(["rev-parse", "HEAD"], in: fixture.checkout)
    }
}
