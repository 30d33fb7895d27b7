import PipelineModel
import Testing

@Suite struct RetryRuleTests {
    private static let script = Failure(.script, exitCode: 3, "exit 3")

    @Test(
        "a job is tried again as often as the plan asks, after the failures that it names",
        arguments: [
            (PlannedJob.Retry(limit: 0), 0), (.init(limit: 1), 1), (.init(limit: 2), 2),
            (.init(limit: 2, classes: [.timeout]), 0), (.init(limit: 2, classes: [.script]), 2),
            (.init(limit: 2, exitCodes: [3]), 2), (.init(limit: 2, exitCodes: [4]), 0),
        ])
    func asked(retry: PlannedJob.Retry, further: Int) {
        let rule = RetryRule(retry)
        for spent in 1...3 {
            #expect(rule.wait(after: Self.script, spent: spent) == (spent <= further ? .zero : nil))
        }
    }

    /// What follows each failure where the pipeline file says nothing: the rests before the attempts that follow by
    /// themselves. `README.md` has the same table.
    private static let byItself: [FailureClass: [Duration]] = [
        .image: [.seconds(5), .seconds(30)], .lost: [.seconds(5), .seconds(30)], .system: [.seconds(5), .seconds(30)],
        .gpu: [.zero, .seconds(30)], .script: [], .outOfMemory: [], .outOfDisk: [], .timeout: [], .noOutput: [],
        .gate: [],
        .policy: [], .cancelled: [], .noRunner: [],
    ]

    @Test("what follows a failure by itself goes by its class", arguments: FailureClass.allCases)
    func defaults(class: FailureClass) throws {
        let rests = try #require(Self.byItself[`class`])
        let rule = RetryRule(.init(limit: 0))
        let failure = Failure(`class`, "x")
        let waits = (1...3).map { rule.wait(after: failure, spent: $0) }
        #expect(waits == rests.map(Optional.some) + Array(repeating: nil, count: 3 - rests.count))
        #expect(`class`.isOurs == !rests.isEmpty)
        if !rests.isEmpty { #expect(rule.wait(after: failure, spent: 1, rest: .none) == .zero) }
    }

    @Test(
        "what ran out of memory, time or output is tried again only where the file asks for it, and then at once",
        arguments: [FailureClass.outOfMemory, .outOfDisk, .timeout, .noOutput])
    func limits(class: FailureClass) {
        let failure = Failure(`class`, "x")
        #expect(RetryRule(.init(limit: 2, classes: [.script])).wait(after: failure, spent: 1) == nil)
        #expect(RetryRule(.init(limit: 2, classes: [`class`])).wait(after: failure, spent: 2) == .zero)
        #expect(RetryRule(.init(limit: 1)).wait(after: failure, spent: 1) == .zero)
    }

    @Test(
        "a rule of the server, a verdict and a person's stop are never tried again, whatever the plan asks",
        arguments: [FailureClass.policy, .gate, .cancelled])
    func forbidden(class: FailureClass) {
        for retry in [PlannedJob.Retry(limit: 2), .init(limit: 2, classes: [`class`])] {
            #expect(RetryRule(retry).wait(after: Failure(`class`, "x"), spent: 1) == nil)
        }
    }

    @Test("a job that is given back again and again rests longer each time, up to a minute")
    func givenBack() {
        let rests = (1...6).map(RetryRule.wait(afterGivingBack:))
        #expect(rests == [.seconds(6), .seconds(12), .seconds(24), .seconds(48), .seconds(60), .seconds(60)])
        #expect(RetryRule.wait(afterGivingBack: .max) == .seconds(60))
    }
}
