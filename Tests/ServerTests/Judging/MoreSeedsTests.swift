import PipelineModel
import Store
import Testing

@testable import Server

@Suite("More seeds, and other commands on a pull request", .timeLimit(.minutes(4)))
struct MoreSeedsTests {
    private static let main: [Double?] = [0.812, 0.807, 0.815, 0.809, 0.811]
    private static let noisy: [Double?] = [0.80, 0.82, 0.79]

    private static func delivery(_ bench: JudgingBench) async throws -> DeliveryID {
        try await bench.store.storeDelivery(
            NewDelivery(forge: "github", event: "issue_comment", key: nil, remoteID: 7, body: Array("{}".utf8)),
            now: JudgingBench.now)
    }

    private static func ask(
        _ command: CommentCommand, on request: Int64 = 1, of bench: JudgingBench, in delivery: DeliveryID? = nil
    ) async throws -> Delivery {
        let id = if let delivery { delivery } else { try await Self.delivery(bench) }
        try await bench.store.carryOut(
            CommentRequest(command, by: "@mira", on: request, of: bench.repository.id, in: id), now: JudgingBench.now)
        return try #require(try await bench.store.delivery(id))
    }

    @Test("the seeds there are count on, and all are judged together as one more look")
    func together() async throws {
        let bench = try await JudgingBench()
        try await bench.run(.main("a1"), Self.main)
        let id = try await bench.run(.pull(1, "b1", after: ["a1"]), Self.noisy) {
            $0.ml?.judge = JudgeSettings(inconclusive: .block)
        }
        let first = try await bench.verdict(of: id)
        #expect(first.answer == .inconclusive)

        let names = try await bench.store.addSeeds(2, to: "evaluate", of: id, by: "mira", now: JudgingBench.now)
        #expect(names == ["evaluate seed 4", "evaluate seed 5"])
        for seed in 1...3 { #expect(try await bench.state("evaluate seed \(seed)", of: id) == .judging) }
        #expect(try await bench.state("deploy", of: id) == .waiting)
        #expect(try await bench.statuses("pawl/pr/gate", of: id).last?.state == .pending)
        // Nothing is judged while a new one has to run.
        await bench.judging.judgeAll()
        #expect(try await bench.verdict(of: id) == first)

        try await bench.carryOut([0.85, 0.86])
        await bench.judging.judgeAll()
        let second = try await bench.verdict(of: id)
        #expect(second.look == 2 && second.metrics.first?.values.count == 5)
        #expect(try await bench.state("evaluate seed 1", of: id).isEnded)
    }

    @Test("what a gate has failed is judged again with the new ones, and what was not run may run then")
    func failed() async throws {
        let bench = try await JudgingBench()
        try await bench.run(.main("a1"), Self.main)
        let id = try await bench.run(.pull(1, "b1", after: ["a1"]), [0.70, 0.71, 0.69])
        #expect(try await bench.state("deploy", of: id) == .notRun)
        let told = try await Self.ask(.moreSeeds(1, node: nil), of: bench)
        #expect(told.state == .planned && told.pipeline == id)
        #expect(told.reason == "/pawl more-seeds 1 by @mira: 1 more jobs: evaluate seed 4")
        try await bench.carryOut([0.70])
        await bench.judging.judgeAll()
        #expect(try await bench.verdict(of: id).answer == .worse)
        #expect(try await bench.state("deploy", of: id) == .notRun)

        #expect(try await Self.ask(.override(reason: "hotfix"), of: bench).reason?.contains("lets it pass") == true)
        #expect(try await bench.state("evaluate seed 4", of: id) == .passed)
        let detail = try #require(try await bench.store.pipeline(id))
        #expect(detail.override?.person == "@mira")
        #expect(detail.answers.map(\.command) == ["/pawl more-seeds 1", "/pawl override hotfix"])
        #expect(!detail.answers.contains { !$0.isDone })
    }

    @Test("a command is carried out once, however often its delivery is worked on")
    func once() async throws {
        let bench = try await JudgingBench()
        let id = try await bench.run(.pull(1, "b1", after: []), Self.noisy)
        let delivery = try await Self.delivery(bench)
        for _ in 1...2 { _ = try await Self.ask(.moreSeeds(1, node: nil), of: bench, in: delivery) }
        let detail = try #require(try await bench.store.pipeline(id))
        #expect(detail.jobs.count { $0.name.hasPrefix("evaluate") } == 4 && detail.answers.count == 1)
    }

    @Test("what is refused is answered, changes nothing, and ends its delivery")
    func refused() async throws {
        let bench = try await JudgingBench()
        let id = try await bench.run(.pull(1, "b1", after: []), Self.noisy)
        let before = try #require(try await bench.store.pipeline(id))
        let commands: [CommentCommand] = [
            .retry(job: "absent"), .retry(job: nil), .moreSeeds(98, node: nil), .approve(commit: "b1"),
            .unclear("which?"),
        ]
        for command in commands {
            #expect(try await Self.ask(command, of: bench).state == .planned)
        }
        let after = try #require(try await bench.store.pipeline(id))
        #expect(after.jobs == before.jobs && after.answers.count == commands.count)
        #expect(after.answers.allSatisfy { !$0.isDone && !$0.answer.isEmpty })
        let elsewhere = try await Self.ask(.retry(job: nil), on: 9, of: bench)
        #expect(elsewhere.state == .ignored && elsewhere.reason == "pull request 9 has no pipeline yet")
    }
}
