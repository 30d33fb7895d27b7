import PipelineModel
import Testing

@testable import PipelineLanguage

@Suite("The coverage of a job")
struct CoverageTests {
    private func figure(_ pattern: String, _ log: String) -> CoveragePattern.Answer? {
        CoveragePattern(pattern)?.figure(in: log.split(separator: "\n").map(String.init))
    }

    @Test(
        "is found as GitLab finds it: the last line, the last match, its last group, the first number",
        arguments: [
            (#"/TOTAL.*? (100(?:\.0+)?\%|[1-9]?\d(?:\.\d+)?\%)$/"#, "a.py 12 3 75%\nTOTAL 1200 150 87.5%\nbye", 87.5),
            (#"/(?i)total.*? (100(?:\.0+)?\%|[1-9]?\d(?:\.\d+)?\%)$/"#, "Total 17 1 100.0%", 100),
            (#"/All files[^|]*\|[^|]*\s+([\d\.]+)/"#, "All files |   87.25 | 60 |", 87.25),
            (#"/^\s*Lines:\s*\d+.\d+\%/"#, "Lines:   94.11% (16/17)", 94.11),
            (#"/total:\s+\(statements\)\s+\d+.\d+%/"#, "total:   (statements)   61.3%", 61.3),
            (#"/^TOTAL.*\s+(\d+\%)$/"#, "TOTAL  17 1 94%\nTOTAL  17 2 88%", 88),
            (#"/Total.*?([0-9]{1,3})%/"#, "Total 7 of 8 87% 9%", 87),
            (#"/(\d+)\.(\d+)/"#, "12.34 56.78", 78), (#"/a+?(\d+)/U"#, "a12", 1), (#"/a(\d*)/"#, "a12\nax", 12),
            (#"/(x)?(\d+)/"#, "41", 41),
            (#"/\d+/"#, "9 then 10 then 11", 11),
        ])
    func found(pattern: String, log: String, expected: Double) {
        #expect(figure(pattern, log) == .found(expected))
    }

    @Test("is not known where no line has it, or what it finds is no share; a costly pattern is given up")
    func nothing() {
        #expect(figure("/x (\\d+)%/", "y 5%") == .nothing)
        #expect(figure("/\\d+/", "4000\nno number\n12000") == .nothing)
        #expect(CoveragePattern("no slashes") == nil && CoveragePattern("/(/") == nil)
        let line = String(repeating: "a", count: 4_000)
        let log = Array(repeating: line, count: 400).joined(separator: "\n")
        #expect(figure("/^(a|a|a|a)*(a*)*(a?){900}b$/", log) == .tooLong)
    }

    @Test("the pattern and the files are in the plan")
    func planned() throws {
        let plan = try Planning.plan(
            #"""
            test:
              script: pytest
              coverage: '/TOTAL.* (\d+)%/'
              artifacts:
                reports:
                  junit: [junit.xml, build/TEST-*.xml]
                  coverage_report: {coverage_format: cobertura, path: coverage.xml}
            """#)
        let job = try #require(plan.job(named: "test"))
        #expect(job.coveragePattern == #"/TOTAL.* (\d+)%/"#)
        #expect(job.artifacts?.reports?.junit == ["junit.xml", "build/TEST-*.xml"])
        #expect(job.artifacts?.reports?.coverage == CoverageReport(format: .cobertura, path: "coverage.xml"))
        #expect(plan.warnings.isEmpty)
    }

    @Test(
        "what cannot be carried out is refused with what would do",
        arguments: [
            ("coverage: TOTAL", "must be a pattern between slashes"), ("coverage: '/(/'", "is no pattern"),
            ("artifacts: {reports: {coverage_report: {coverage_format: lcov, path: a}}}", "cobertura, jacoco"),
            ("artifacts: {reports: {coverage_report: {path: a}}}", "needs coverage_format"),
            ("artifacts: {reports: {juint: a}}", "junit"),
        ])
    func refused(key: String, words: String) {
        let diagnostics = Planning.refusal("test:\n  script: echo\n  \(key)\n")
        #expect(diagnostics.contains { $0.severity == .error && $0.message.contains(words) }, "\(diagnostics)")
    }
}
