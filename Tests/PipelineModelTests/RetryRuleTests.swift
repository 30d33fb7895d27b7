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

    @Test("what failed on Pawl's side is tried twice more after a rest, though nobody asked for it")
    func ours() {
        for failure in FailureClass.allCases.filter(\.isOurs).map({ Failure($0, "x") }) {
            let rule = RetryRule(.init(limit: 0))
            #expect((1...3).map { rule.wait(after: failure, spent: $0) } == [.seconds(5), .seconds(30), nil])
            #expect(rule.wait(after: failure, spent: 1, rest: .none) == .zero)
        }
    }

    @Test("what a rule of the server forbids is not tried again, whatever the plan asks")
    func forbidden() {
        #expect(RetryRule(.init(limit: 2)).wait(after: Failure(.policy, "x"), spent: 1) == nil)
    }

    @Test("a job that is given back again and again rests longer each time, up to a minute")
    func givenBack() {
        let rests = (1...6).map(RetryRule.wait(afterGivingBack:))
        #expect(rests == [.seconds(6), .seconds(12), .seconds(24), .seconds(48), .seconds(60), .seconds(60)])
        #expect(RetryRule.wait(afterGivingBack: .max) == .seconds(60))
    }
}
