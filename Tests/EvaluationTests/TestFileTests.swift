import PipelineModel
import TestSupport
import Testing

@testable import Evaluation

@Suite("files of test results")
struct TestFileTests {
    private func read(_ text: String) -> (report: TestReport, problem: String?) { JUnitFile.read(Array(text.utf8)) }

    @Test("pytest's: counts, where it failed, the line of code and what it found")
    func pytest() {
        let (report, problem) = read(
            """
            <?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" \
            failures="2" skipped="2" tests="6" time="0.120"><testcase classname="tests.test_tokens" \
            name="test_round_trip[a]" time="0.001" /><testcase classname="tests.test_tokens" \
            name="test_round_trip[🦊]" time="0.002"><failure message="AssertionError: assert '?' == '🦊'&#10;  &#10;  - 🦊">\
            text = '🦊'

                def test_round_trip(text):
            &gt;       assert text.encode("ascii", "replace").decode() == text
            E       AssertionError: assert '?' == '🦊'

            tests/test_tokens.py:4: AssertionError</failure></testcase><testcase classname="tests.test_tokens" \
            name="test_deep" time="0.001"><failure message="ValueError: bad &lt;value&gt; &amp; more">def test_deep():
            &gt;       helper(1)

            tests/test_tokens.py:10:
            _ _ _
            E       ValueError: bad &lt;value&gt; &amp; more

            tests/test_tokens.py:7: ValueError</failure></testcase><testcase classname="t" name="test_fixture"><error \
            message="failed on setup with &quot;RuntimeError: no database&quot;">x</error></testcase><testcase \
            classname="t" name="test_skipped" time="0.000"><skipped type="pytest.skip" message="slow">x.py:19: slow\
            </skipped></testcase><testcase classname="t" name="test_x"><skipped type="pytest.xfail" message="" />\
            </testcase></testsuite></testsuites>
            """)
        #expect(problem == nil)
        #expect(report.words == "2 failed, 1 error, 1 passed, 2 skipped" && report.milliseconds == 120)
        #expect(
            report.failures == [
                FailedCase(
                    name: "test_round_trip[🦊]", suite: "tests.test_tokens", file: "tests/test_tokens.py", line: 4,
                    message: [
                        #"assert text.encode("ascii", "replace").decode() == text"#,
                        "AssertionError: assert '?' == '🦊'", "- 🦊",
                    ]),
                FailedCase(
                    name: "test_deep", suite: "tests.test_tokens", file: "tests/test_tokens.py", line: 10,
                    message: ["helper(1)", "ValueError: bad <value> & more"]),
                FailedCase(
                    name: "test_fixture", suite: "t",
                    message: [#"failed on setup with "RuntimeError: no database""#]),
            ])
    }

    @Test("Google Test's: several failures are one case, disabled ones are skipped, the place is where it failed")
    func googleTest() {
        let (report, problem) = read(
            """
            <testsuites tests="3" failures="1" disabled="1" time="0.5"><testsuite name="Math" tests="3" time="0.5">
            <testcase name="Adds" status="run" result="completed" time="0.1" classname="Math" file="math_test.cc" line="10" />
            <testcase name="Divides" status="run" result="completed" time="0.4" classname="Math" file="math_test.cc" line="20">
            <failure message="math_test.cc:25&#x0A;Expected equality of these values:&#x0A;  1" type=""><![CDATA[math_test.cc:25
            Expected equality of these values:
              1]]></failure>
            <failure message="math_test.cc:26&#x0A;another" type=""><![CDATA[math_test.cc:26]]></failure>
            </testcase>
            <testcase name="DISABLED_Slow" status="notrun" result="suppressed" time="0" classname="Math" />
            </testsuite></testsuites>
            """)
        #expect(problem == nil)
        #expect(report.words == "1 failed, 1 passed, 1 skipped" && report.milliseconds == 500)
        #expect(report.failures.first?.place == "math_test.cc:25")
        #expect(report.failures.first?.message == ["math_test.cc:25", "Expected equality of these values:", "1"])
    }

    @Test("Maven's and Jest's: suites within suites, what failed and passed at last, colours, times with thousands")
    func others() {
        let (maven, problem) = read(
            """
            <testsuite name="org.example.TokenTest" time="1,234.5" tests="3" errors="0" skipped="0" failures="1">
              <properties><property name="java.version" value="21"/></properties>
              <testcase name="roundTrip" classname="org.example.TokenTest" time="0.01">
                <failure message="expected: &lt;1&gt; but was: &lt;2&gt;" type="AssertionError"><![CDATA[AssertionError: expected
                at org.example.TokenTest.roundTrip(TokenTest.java:12)]]></failure>
                <rerunFailure type="AssertionError"><stackTrace>x</stackTrace></rerunFailure>
                <system-out><![CDATA[<failure/> is only text here]]></system-out>
              </testcase>
              <testcase name="flaky" classname="org.example.TokenTest"><flakyFailure type="X">y</flakyFailure></testcase>
              <testcase name="fine" classname="org.example.TokenTest"/>
            </testsuite>
            """)
        #expect(problem == nil && maven.words == "1 failed, 2 passed" && maven.milliseconds == 1_234_500)
        #expect(maven.failures.first?.message == ["expected: <1> but was: <2>"])
        let (jest, trouble) = read(
            """
            <testsuites name="jest tests"><testsuite name="outer"><testsuite name="inner" time="2">
            <testcase classname="sum adds" name="sum adds" time="0.5"><failure>Error: &#x1B;[2mexpect(&#x1B;[22m1\
            &#x1B;[31m)&#x1B;[39m
                at Object.&lt;anonymous&gt; (sum.test.js:3:5)</failure></testcase>
            <testcase classname="a" name="b" time="0.25"/></testsuite></testsuite></testsuites>
            """)
        #expect(trouble == nil && jest.words == "1 failed, 1 passed" && jest.milliseconds == 2_000)
        #expect(
            jest.failures.first?.message == ["Error: expect(1)", "at Object.<anonymous> (sum.test.js:3:5)"])
    }

    @Test(
        "a torn or strange file says in a sentence what is wrong, and what was read before counts",
        arguments: [
            ("", 0, "it is empty"), ("PASS", 0, "it is not XML"), ("<html><body/></html>", 0, "it is no JUnit report"),
            ("<testsuite><testcase name='a'/><testcase name='b'><fail", 1, "it ends within <fail>"),
            ("<testsuite><testcase name='a'/>", 1, "it ends within <testsuite>"),
            ("<testsuite><testcase name='a'/></testsuites>", 1, "</testsuites> ends what is not open"),
            ("<testsuite><testcase name=a/></testsuite>", 0, "is not quoted"),
            ("<testsuite><testcase name='a'><failure><![CDATA[x", 0, "it ends within a CDATA section"),
            (String(repeating: "<testsuite>", count: 5_000), 0, "nested too deeply"),
            ("<testsuite/><testsuite/>", 0, "more than one root"),
            ("<!DOCTYPE x [<!ENTITY a '", 0, "within a declaration"),
        ])
    func broken(text: String, cases: Int, problem: String) {
        let read = read(text)
        #expect(read.report.total == cases)
        #expect(read.problem?.contains(problem) == true, "\(read.problem ?? "nil")")
    }

    @Test("what a document type declares is never used: no entity grows, no file is read")
    func declarations() {
        let (report, problem) = read(
            """
            <?xml version="1.0"?><!DOCTYPE t [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">
            <!ENTITY file SYSTEM "file:///etc/passwd">]>
            <testsuite><testcase name="&b;&file;&#65;&unknown;"><failure message="&b;">&file;</failure></testcase></testsuite>
            """)
        #expect(problem == nil)
        #expect(report.failures.first?.name == "&b;&file;A&unknown;" && report.failures.first?.message == ["&b;"])
    }

    @Test("texts are one line each, without anything that steers, and no longer than is shown")
    func hostile() {
        let long = String(repeating: "x", count: 10_000)
        let cases = (0..<50).map {
            "<testcase name='\($0)&#27;[31m&#x202E;&#10;# [a](b) |\(long)'><failure message='\(long)&#10;\(long)'/></testcase>"
        }
        let (report, _) = read("<testsuite>\(cases.joined())</testsuite>")
        #expect(report.failed == 50 && report.failures.count == TestReport.failureLimit)
        for failed in report.failures {
            #expect(failed.name.count == FailedCase.textLimit && failed.name.contains(" # [a](b) |xxx"))
            #expect(failed.message.count <= 2 && failed.message.allSatisfy { $0.count <= FailedCase.textLimit })
            #expect(
                !failed.name.unicodeScalars.contains { $0.properties.generalCategory == .control || $0 == "\u{202E}" })
        }
    }

    @Test("whatever the bytes are, reading them ends and counts no more cases than there can be")
    func mutations() {
        let whole = Array(
            "<testsuites><testsuite time='1'><testcase name='a' file='b.py' line='3'><failure message='m'>x&lt;y</failure></testcase><!-- c --></testsuite></testsuites>"
                .utf8)
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<3_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 5))
                default: bytes.insert(contentsOf: whole.prefix(place), at: place)
                }
            }
            let (report, _) = JUnitFile.read(bytes)
            #expect(report.total <= bytes.count / 10)
        }
    }

    @Test("coverage is read from Cobertura's and JaCoCo's files, and only from what is of the whole")
    func coverage() throws {
        func read(_ text: String, _ format: CoverageFormat) throws -> Double {
            try CoverageFile.read(Array(text.utf8), as: format, path: "c.xml")
        }
        #expect(
            try read(
                """
                <?xml version="1.0" ?><!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
                <coverage lines-valid="8" lines-covered="7" line-rate="0.9"><packages/></coverage>
                """, .cobertura) == 87.5)
        #expect(try read("<coverage line-rate='0.5'/>", .cobertura) == 50)
        #expect(
            try read(
                """
                <!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report name="x"><package name="p">
                <counter type="LINE" missed="9" covered="1"/></package><counter type="INSTRUCTION" missed="1" covered="1"/>
                <counter type="LINE" missed="1" covered="3"/></report>
                """, .jacoco) == 75)
        for (text, format) in [
            ("<coverage line-rate='7'/>", CoverageFormat.cobertura), ("<report/>", .cobertura), ("<report/>", .jacoco),
            ("<report><counter type='LINE' missed='0' covered='0'/></report>", .jacoco), ("", .cobertura),
        ] {
            #expect(throws: UnreadableFile.self) { try read(text, format) }
        }
    }

    @Test("a report tells the counts, the cases and the coverage with its change, and none of it is markup")
    func told() {
        var report = PullRequestReport(pipeline: 1, page: nil, commit: "abc", standing: "✗ Failed")
        report.tests = TestReport(
            passed: 211, failed: 12, skipped: 3,
            failures: [
                FailedCase(
                    name: "</details>`x`|[a](b) @all <img>", file: "tests/`a`|.py", line: 8, message: ["<script>|*x*"])
            ])
        report.coverage = [CoverageFigure(node: "unit", percent: 87.44, before: 87.2)]
        report.spent = "0.81 GPU-hours"
        let text = report.markdown(mark: "m")
        #expect(
            text.contains("Tests 12 failed, 211 passed, 3 skipped · coverage 87.4 % \\(\\+0.2\\) · **0.81 GPU-hours**"))
        #expect(text.contains("**Failed tests**\n\n- ") && text.contains("- and 11 more"))
        for bad in ["</details>`", "<img", "<script", "@all"] { #expect(!text.contains(bad), "\(bad) in \(text)") }
        report.coverage.append(CoverageFigure(node: "end", percent: 12, before: nil))
        #expect(report.testLine.hasSuffix("coverage unit 87.4 % (+0.2), end 12.0 %"))
    }
}
