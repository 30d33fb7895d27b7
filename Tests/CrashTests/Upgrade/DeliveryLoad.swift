import Forges
import Foundation
import HTTPTransport
import PipelineModel
import TestSupport

/// Signed deliveries of a plain-Git repository at a steady rate, each on a connection of its own and sent once.
struct DeliveryLoad {
    /// What came of them.
    struct Outcome: Sendable {
        var accepted = 0
        /// Each that was not, with its answer or why there was none.
        var refused: [String] = []
        /// The longest time to an answer.
        var slowest = Duration.zero
    }

    /// What the hook in a bare repository signs with; `pawl hook install` puts it there.
    private struct Hook: Decodable {
        var server: String
        var forge: String
        var remoteID: Int64
        var secret: String
    }

    private let hook: Hook
    private let repository: RepositoryReference
    private let client = HTTPClient()

    init(of git: GitFixture) throws {
        let file = URL(filePath: git.bare + "/pawl-hook.json")
        hook = try JSONDecoder().decode(Hook.self, from: Data(contentsOf: file))
        var repository = git.repository
        repository.forge = hook.forge
        repository.remoteID = hook.remoteID
        self.repository = repository
    }

    /// Sends so many a second until all are sent, and waits for their answers.
    /// - Parameter pushes: commits by branch, told of in the midst of others that say that a branch is gone.
    func send(_ count: Int, perSecond rate: Int, pushes: [(branch: String, commit: String)]) async -> Outcome {
        let clock = ContinuousClock()
        let begun = clock.now
        let every = max(count / max(pushes.count, 1), 1)
        defer { client.shutdown() }
        return await withTaskGroup(of: (refusal: String?, time: Duration).self) { tasks in
            for number in 0..<count {
                try? await clock.sleep(until: begun + .seconds(1) * number / rate)
                let (turn, rest) = number.quotientAndRemainder(dividingBy: every)
                let push = rest == 0 && turn < pushes.count ? pushes[turn] : nil
                tasks.addTask {
                    let sent = clock.now
                    let refusal = await deliver(push, number)
                    return (refusal, clock.now - sent)
                }
            }
            return await tasks.reduce(into: Outcome()) { outcome, answer in
                outcome.slowest = max(outcome.slowest, answer.time)
                if let refusal = answer.refusal { outcome.refused.append(refusal) } else { outcome.accepted += 1 }
            }
        }
    }

    private func deliver(_ push: (branch: String, commit: String)?, _ number: Int) async -> String? {
        let none = String(repeating: "0", count: 40)
        let some = String(repeating: "7", count: 40)
        var message = GitHookMessage(
            repository: repository, ref: "refs/heads/" + (push?.branch ?? "gone-\(number)"),
            before: push == nil ? some : none, after: push?.commit ?? none)
        message.commit = push?.commit
        do {
            let headers = try GitHookMessage.headers(
                for: message.body, delivery: "load-\(number)", secret: Redacted(hook.secret),
                now: Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)))
            let response = try await client.send(
                HTTPRequest(
                    "POST", "\(hook.server)/hooks/\(hook.forge)/r\(hook.remoteID)",
                    headers: headers + [(name: "Connection", value: "close")], body: .bytes(message.body),
                    // Longer than a forge waits is as bad as a refusal.
                    headerTimeout: .seconds(10)))
            let answer = try await response.collect(upTo: 64 << 10)
            return response.status == 202
                ? nil : "\(number): \(response.status) \(String(decoding: answer, as: UTF8.self))"
        } catch {
            return "\(number): \(error)"
        }
    }
}
