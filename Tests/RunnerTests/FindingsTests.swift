import Executors
import Foundation
import PipelineModel
import Testing

@testable import Runner

@Suite("what a job's tests found", .timeLimit(.minutes(2)))
struct FindingsTests {
    private func found(
        script: [String], junit: [String] = ["*.xml"], coverage: CoverageReport? = nil, metrics: [String] = []
    ) async throws -> (AttemptResult?, log: String) {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let assignment = fixture.assignment(script: script) { job in
            job.artifacts = PlannedJob.Artifacts(paths: [])
            job.artifacts?.reports = .init(metrics: metrics, junit: junit, coverage: coverage)
        }
        let result = try await fixture.carryOut(assignment)
        #expect(try await fixture.leftovers().isEmpty)
        return (result, fixture.coordinator.log(of: 1))
    }

    private static let passing = "<testsuite><testcase name='a'/><testcase name='b'><skipped/></testcase></testsuite>"
    private static let failing = "<testsuite><testcase name='c'><failure message='no'/></testcase></testsuite>"

    @Test("the cases of all files are counted, whatever the script's end, and say what it came to")
    func tests() async throws {
        let writes = [#"echo "\#(Self.passing)" > one.xml"#, #"echo "\#(Self.failing)" > two.xml"#, "echo the end"]
        let (passed, _) = try await found(script: Array(writes.prefix(1)))
        #expect(
            passed?.findings?.tests == TestReport(passed: 1, skipped: 1) && passed?.summary == "1 passed, 1 skipped")
        let (failed, _) = try await found(script: writes + ["exit 1"])
        #expect(failed?.failure?.exitCode == 1 && failed?.summary == "1 failed, 1 passed, 1 skipped")
        #expect(failed?.findings?.tests?.failures == [FailedCase(name: "c", message: ["no"])])
    }

    @Test("metrics of a job that passed stand after its tests; a job without either says what its log ended with")
    func beside() async throws {
        let (both, _) = try await found(
            script: [#"echo "\#(Self.passing)" > one.xml"#, "echo '{\"f1\": 0.5}' > m.json"], metrics: ["m.json"])
        #expect(both?.summary == "1 passed, 1 skipped, f1 0.5000")
        let (none, log) = try await found(script: ["echo the end"])
        #expect(none?.summary == "the end" && none?.failure == nil)
        #expect(none?.findings?.tests == nil && none?.findings?.remarks == ["no file matches junit: *.xml"])
        #expect(log.contains("Warning: report: no file matches junit: *.xml"))
    }

    @Test("torn files, links, pipes and what is too large are told in a sentence, and fail nothing")
    func unreadable() async throws {
        let (result, log) = try await found(
            script: [
                "echo '<testsuite><testcase name=\"a\"/><testcase' > a.xml", "ln -s /etc/passwd link.xml",
                "mkfifo pipe.xml", "head -c 40000000 /dev/zero > large.xml", "echo '<html/>' > page.xml",
            ])
        #expect(result?.failure == nil && result?.findings?.tests == TestReport(passed: 1))
        #expect(
            result?.findings?.remarks == [
                "a.xml: it ends within <testcase>; 1 case before that count", "large.xml: it is larger than 32 MiB",
                "page.xml: it is no JUnit report: it begins with <html>",
            ])
        #expect(log.contains("Warning: report: a.xml: it ends within"))
    }

    @Test("coverage is read beside the tests, and a file of another form is a remark")
    func coverage() async throws {
        let writes = "echo '<coverage lines-valid=\"8\" lines-covered=\"7\"/>' > c.xml"
        let (read, _) = try await found(
            script: [writes], junit: ["none.xml"], coverage: .init(format: .cobertura, path: "c.xml"))
        #expect(read?.findings?.coverage == 87.5)
        let (other, _) = try await found(
            script: [writes], junit: ["none.xml"], coverage: .init(format: .jacoco, path: "c.xml"))
        #expect(other?.findings?.coverage == nil)
        #expect(other?.findings?.remarks?.last == "c.xml: it says nothing of lines in the way of jacoco")
    }

    @Test("a secret in a failed case is masked as in the log")
    func masked() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        var assignment = fixture.assignment(
            script: [
                #"echo "<testsuite><testcase name='a'><failure message='got hunter2hunter2'/></testcase></testsuite>" > a.xml"#
            ]
        ) { job in
            job.artifacts = PlannedJob.Artifacts(paths: [])
            job.artifacts?.reports = .init(junit: ["a.xml"])
        }
        assignment.secrets = [GrantedSecret(name: "TOKEN", kind: .variable, value: Redacted("hunter2hunter2"))]
        let result = try await fixture.carryOut(assignment)
        let message = try #require(result?.findings?.tests?.failures.first?.message.first)
        #expect(message.hasPrefix("got ") && !message.contains("hunter2"))
    }
}

@Suite("variables for later jobs", .timeLimit(.minutes(2)))
struct DotenvTests {
    private func handed(_ lines: [String], secrets: [GrantedSecret] = []) async throws -> AttemptResult? {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        var assignment = fixture.assignment(script: lines) { job in
            job.artifacts = PlannedJob.Artifacts(paths: [])
            job.artifacts?.reports = .init()
            job.artifacts?.reports?.dotenv = ["*.env"]
        }
        assignment.secrets = secrets
        return try await fixture.carryOut(assignment)
    }

    @Test("are read from the job's file as they are written")
    func variables() async throws {
        let result = try await handed([#"printf 'A=1\n\n# none\n B = "x y" \nURL=http://h/?a=b\n' > build.env"#])
        #expect(result?.failure == nil)
        #expect(result?.dotenv == [Variable("A", "1"), Variable("B", "\"x y\""), Variable("URL", "http://h/?a=b")])
        let none = try await handed(["echo nothing"])
        #expect(none?.failure == nil && none?.dotenv == nil)
    }

    @Test("that cannot be handed on fail the job, and a secret is never among them")
    func refused() async throws {
        let line = try await handed(["echo 'no sign' > build.env"])
        #expect(line?.failure?.message == "its variables could not be handed on: build.env: line 1 is not NAME=value")
        let name = try await handed(["echo '1A=b' > build.env"])
        #expect(name?.failure?.class == .script && name?.failure?.message.contains("1A is no name") == true)
        let secret = GrantedSecret(name: "TOKEN", kind: .variable, value: Redacted("s3cr3t-s3cr3t"))
        let leaked = try await handed(["echo 'T=s3cr3t-s3cr3t' > build.env"], secrets: [secret])
        #expect(leaked?.dotenv == nil && leaked?.failure?.message.contains("T holds a secret") == true)
    }
}
