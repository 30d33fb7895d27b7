import Foundation
import PipelineModel
import Server

@testable import pawl

/// A moment some seconds after 14:03:04 UTC of a fixed day.
func at(_ seconds: Double) -> Timestamp { Timestamp(milliseconds: 1_794_924_184_000 + Int64(seconds * 1_000)) }

extension Terminal {
    /// A terminal for golden drawings: UTC, no colours.
    static func plain(width: Int = 100, isUnicode: Bool = true, isInteractive: Bool = false) -> Terminal {
        Terminal(
            isInteractive: isInteractive, width: width, height: 40, hasColour: false, isUnicode: isUnicode,
            secondsAheadOfUTC: { _ in 0 })
    }
}

/// Views as the server sends them, read from JSON: so the documented words are tested as well.
enum Sample {
    static func pipeline(
        state: String, title: String = "Use the new tokenizer", jobs: [String], finished: Double? = 38,
        diagnostics: String = "[]", at moment: Double = 60
    ) throws -> PipelineDetailView {
        let end = finished.map { ",\"finishedAt\":\(at($0).milliseconds)" } ?? ""
        let json = """
            {"at":\(at(moment).milliseconds),"diagnostics":\(diagnostics),"stages":["a"],
             "jobs":[\(jobs.joined(separator: ","))],
             "pipeline":{"id":127,"repository":"ml/churn","forge":"github","source":"pr","ref":"refs/heads/tok",
              "commit":"a90b1c2d00000000000000000000000000000000","pullRequest":39,"targetBranch":"main",
              "title":\(quoted(title)),"author":"mira","state":"\(state)","isFork":false,"isProtected":false,
              "createdAt":\(at(0).milliseconds)\(end)}}
            """
        return try JSONDecoder().decode(PipelineDetailView.self, from: Data(json.utf8))
    }

    static func job(
        _ name: String, _ state: String, needs: [String] = [], failure: String? = nil, because: String? = nil,
        summary: String? = nil, start: Double? = nil, end: Double? = nil, attempts: [String] = []
    ) -> String {
        var fields = [
            "\"id\":1", "\"name\":\(quoted(name))", "\"stage\":\"a\"", "\"state\":\"\(state)\"", "\"mayFail\":false",
            "\"tags\":[]", "\"needs\":[\(needs.map(quoted).joined(separator: ","))]",
            "\"attempts\":[\(attempts.joined(separator: ","))]",
        ]
        if let failure { fields.append("\"failure\":\(failure)") }
        if let because { fields.append("\"because\":\(quoted(because))") }
        if let summary { fields.append("\"summary\":\(quoted(summary))") }
        if let start { fields.append("\"startedAt\":\(at(start).milliseconds)") }
        if let end { fields.append("\"finishedAt\":\(at(end).milliseconds)") }
        return "{\(fields.joined(separator: ","))}"
    }

    static func attempt(
        _ number: Int, runner: String, state: String, claimed: Double, failure: String? = nil, findings: String? = nil
    ) -> String {
        let failed =
            (failure.map { ",\"failure\":\($0)" } ?? "") + (findings.map { ",\"findings\":\($0)" } ?? "")
        return """
            {"id":\(number),"number":\(number),"runner":"\(runner)","state":"\(state)","artifacts":[],
             "claimedAt":\(at(claimed).milliseconds),"startedAt":\(at(claimed + 0.4).milliseconds)\(failed)}
            """
    }

    static func failure(_ class: String, _ message: String, isOurs: Bool = false) -> String {
        "{\"class\":\"\(`class`)\",\"message\":\(quoted(message)),\"isOurs\":\(isOurs)}"
    }

    private static func quoted(_ text: String) -> String {
        (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}
