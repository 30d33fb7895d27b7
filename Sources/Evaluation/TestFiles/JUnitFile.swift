import PipelineModel

/// A file of test results in JUnit's form, as pytest, Google Test, Maven, Gradle, Jest and their like write it.
///
/// They agree on `testcase` with `failure`, `error` and `skipped` in it, and on little else: cases are counted here, for
/// the totals that suites state are of many meanings. What was read before a file breaks off counts.
public struct JUnitFile {
    /// How many bytes a file may have.
    public static let sizeLimit = 32 << 20

    private var report = TestReport()
    private var scanner: XMLScanner
    private var current: Case?
    /// The suites that are open: the time each states, and what those and the cases within it come to, which counts where it
    /// states none.
    private var suites: [(stated: Double?, inner: Double)] = []
    private var seconds = 0.0

    /// A case that is being read.
    private struct Case {
        var attributes: [String: String]
        /// The names of elements that are open within it.
        var open: [String] = []
        var outcome = Outcome.passed
        var isExplained = false
        var message = ""
        var text = ""

        enum Outcome { case passed, skipped, failed, errored }
    }

    private init(_ bytes: [UInt8]) { scanner = XMLScanner(bytes) }

    /// Reads a file.
    /// - Returns: what it says, and what is wrong with it in words; nil where nothing is.
    public static func read(_ bytes: [UInt8]) -> (report: TestReport, problem: String?) {
        guard bytes.count <= sizeLimit else { return (TestReport(), "it is larger than \(sizeLimit >> 20) MiB") }
        var file = JUnitFile(bytes)
        let problem = file.readAll()
        file.finishSuites()
        file.report.milliseconds = Int64((min(file.seconds, 1e9) * 1_000).rounded())
        return (file.report.bounded, problem)
    }

    private mutating func readAll() -> String? {
        do throws(XMLScanner.Malformed) {
            var isFirst = true
            while let event = try scanner.next() {
                switch event {
                case .start(let name, let attributes):
                    if isFirst, !["testsuites", "testsuite", "testcase"].contains(name) {
                        return "it is no JUnit report: it begins with <\(name.prefix(60))>"
                    }
                    isFirst = false
                    start(name, attributes)
                case .end(let name): end(name)
                case .text(let range, let isLiteral):
                    guard let last = current?.open.last, Self.tells(last), let read = current?.text.utf8.count,
                        read < XMLScanner.textLimit
                    else { continue }
                    current?.text += scanner.text(of: range, isLiteral: isLiteral)
                }
                if report.total >= TestReport.caseLimit {
                    return "cases after the first \(TestReport.caseLimit) are left out"
                }
            }
            return nil
        } catch {
            return "\(error.reason); \(report.total == 1 ? "1 case" : "\(report.total) cases") before that count"
        }
    }

    // MARK: - Elements

    private static func tells(_ element: String) -> Bool { element == "failure" || element == "error" }

    private mutating func start(_ name: String, _ attributes: [String: String]) {
        guard current == nil else {
            current?.open.append(name)
            return startWithin(name, attributes)
        }
        switch name {
        case "testsuites", "testsuite": suites.append((Self.seconds(attributes["time"]), 0))
        case "testcase":
            current = Case(attributes: attributes)
            // Google Test's way to say that a case is disabled.
            if attributes["status"] == "notrun" || attributes["status"] == "disabled" { current?.outcome = .skipped }
        default: break
        }
    }

    private mutating func startWithin(_ name: String, _ attributes: [String: String]) {
        guard let open = current?.open, open.count == 1 else { return }
        switch name {
        case "failure": note(.failed, attributes)
        case "error": note(.errored, attributes)
        case "skipped": if current?.outcome == .passed { current?.outcome = .skipped }
        // What failed and then passed has passed, and Maven says so with other elements.
        default: break
        }
    }

    /// The first of several failures is what is told.
    private mutating func note(_ outcome: Case.Outcome, _ attributes: [String: String]) {
        guard let isExplained = current?.isExplained, !isExplained else { return }
        current?.isExplained = true
        current?.outcome = outcome
        current?.message = attributes["message"] ?? attributes["type"] ?? ""
    }

    private mutating func end(_ name: String) {
        if let open = current?.open.last {
            if open == name { current?.open.removeLast() }
            // A second failure's text is not added to the first one's.
            if Self.tells(name), current?.open.isEmpty == true { current?.text += "\n" }
            return
        }
        if name == "testcase", let ended = current {
            current = nil
            count(ended)
        } else if name == "testsuites" || name == "testsuite" {
            finishSuite()
        }
    }

    private mutating func finishSuites() {
        while !suites.isEmpty { finishSuite() }
    }

    private mutating func finishSuite() {
        guard let (stated, inner) = suites.popLast() else { return }
        add(stated ?? inner)
    }

    private mutating func add(_ time: Double) {
        if suites.isEmpty { seconds += time } else { suites[suites.count - 1].inner += time }
    }

    private mutating func count(_ ended: Case) {
        add(Self.seconds(ended.attributes["time"]) ?? 0)
        switch ended.outcome {
        case .passed: report.passed += 1
        case .skipped: report.skipped += 1
        case .failed: report.failed += 1
        case .errored: report.errored += 1
        }
        guard ended.isExplained, report.failures.count < TestReport.failureLimit else { return }
        report.failures.append(
            FailedCase(ended.attributes, FailureText(message: ended.message, text: ended.text)))
    }

    /// Seconds as they are written, with thousands apart by some.
    private static func seconds(_ text: String?) -> Double? {
        guard let number = text.flatMap({ Double($0.replacing(",", with: "")) }), number.isFinite, number >= 0 else {
            return nil
        }
        return min(number, 1e9)
    }
}

extension FailedCase {
    fileprivate init(_ attributes: [String: String], _ said: FailureText) {
        func text(_ key: String) -> String { PlainLine.of(attributes[key] ?? "", limit: Self.textLimit) }
        let suite = text("classname")
        let file = text("file")
        let name = text("name")
        self.init(name: name.isEmpty ? "a case without a name" : name, suite: suite, message: said.lines)
        // Where it failed says more than where the case begins.
        if let place = said.place, file.isEmpty || place.file == file || place.file.hasSuffix("/" + file) {
            (self.file, line) = (file.isEmpty ? place.file : file, place.line)
        } else if !file.isEmpty {
            (self.file, line) = (file, attributes["line"].flatMap { Int($0) })
        }
    }
}
