/// What a job's tests came to, as its test runner wrote it down.
///
/// It is data that a job controls: bounded here, and never trusted to be more than data.
public struct TestReport: Hashable, Codable, Sendable {
    /// How many cases passed.
    public var passed: Int
    /// How many found something wrong.
    public var failed: Int
    /// How many broke before they could find anything.
    public var errored: Int
    /// How many were not run.
    public var skipped: Int
    /// How long they took by the test runner's own clock, in milliseconds.
    public var milliseconds: Int64
    /// The first of the cases that failed or broke.
    public var failures: [FailedCase]

    /// Counts cases; none, unless said otherwise.
    public init(
        passed: Int = 0, failed: Int = 0, errored: Int = 0, skipped: Int = 0, milliseconds: Int64 = 0,
        failures: [FailedCase] = []
    ) {
        self.passed = passed
        self.failed = failed
        self.errored = errored
        self.skipped = skipped
        self.milliseconds = milliseconds
        self.failures = failures
    }

    /// How many failed cases are kept of an attempt.
    public static let failureLimit = 20
    /// How many cases a report counts at most.
    public static let caseLimit = 1_000_000

    /// How many cases there are.
    public var total: Int { passed + failed + errored + skipped }

    /// Whether none failed or broke.
    public var isGood: Bool { failed == 0 && errored == 0 }

    /// The counts in words, what is wrong first, leaving out what is none: `1 failed, 211 passed, 3 skipped`.
    public var words: String {
        let parts = [(failed, "failed"), (errored, errored == 1 ? "error" : "errors"), (passed, "passed")]
            .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        let skips = skipped > 0 ? ["\(skipped) skipped"] : []
        return parts.isEmpty && skips.isEmpty ? "no tests" : (parts + skips).joined(separator: ", ")
    }

    /// What two reports say together.
    public static func + (left: Self, right: Self) -> Self {
        TestReport(
            passed: left.passed + right.passed, failed: left.failed + right.failed,
            errored: left.errored + right.errored, skipped: left.skipped + right.skipped,
            milliseconds: left.milliseconds + right.milliseconds,
            failures: Array((left.failures + right.failures).prefix(failureLimit)))
    }

    /// The report with counts that can be, and texts no longer than they are shown.
    public var bounded: TestReport {
        func count(_ number: Int) -> Int { min(max(number, 0), Self.caseLimit) }
        return TestReport(
            passed: count(passed), failed: count(failed), errored: count(errored), skipped: count(skipped),
            milliseconds: min(max(milliseconds, 0), 1 << 45),
            failures: failures.prefix(Self.failureLimit).map(\.bounded))
    }
}

/// A test case that failed or broke.
public struct FailedCase: Hashable, Codable, Sendable {
    /// Its name, such as `test_round_trip[emoji]`.
    public var name: String
    /// The class or suite that it is in; empty where the file does not say.
    public var suite: String
    /// The source file, and the line in it; nil where they are not told.
    public var file: String?, line: Int?
    /// The first lines of what it says.
    public var message: [String]

    /// Describes a case.
    public init(name: String, suite: String = "", file: String? = nil, line: Int? = nil, message: [String] = []) {
        self.name = name
        self.suite = suite
        self.file = file
        self.line = line
        self.message = message
    }

    /// How many characters a name or a line of a message has at most.
    public static let textLimit = 200
    /// How many lines of a message are kept.
    public static let lineLimit = 6

    /// Where it is: `tests/test_tokens.py:88`, or the suite's name.
    public var place: String {
        guard let file else { return suite }
        return line.map { "\(file):\($0)" } ?? file
    }

    /// The case with texts no longer than they are shown.
    var bounded: FailedCase {
        func text(_ text: String) -> String { String(text.prefix(Self.textLimit)) }
        return FailedCase(
            name: text(name), suite: text(suite), file: file.map(text), line: line.map { max(0, $0) },
            message: message.prefix(Self.lineLimit).map(text))
    }
}
