import PipelineModel

/// The one comment on a pull request, and the facts that it tells.
///
/// Its first line answers; everything below is evidence. Whatever the names in it are, it is bounded, and they are text.
public struct PullRequestReport: Sendable {
    /// What a forge takes of a comment at most, in bytes: GitHub counts characters, of which there are never more.
    public static let limit = 65_536

    /// A node of the pipeline.
    public struct Job: Codable, Hashable, Sendable {
        /// What the pipeline file calls it.
        public var name: String
        /// How many seeds it has.
        public var seeds: Int
        /// How it stands, with its sign: `✓ passed`.
        public var result: String
        /// How long it took; empty where it did not run.
        public var time: String
        /// The runners that had it.
        public var place: String
        /// What is worth saying of it.
        public var note: String

        /// Describes a node.
        public init(name: String, seeds: Int, result: String, time: String, place: String, note: String) {
            self.name = name
            self.seeds = seeds
            self.result = result
            self.time = time
            self.place = place
            self.note = note
        }
    }

    /// A curve of the change and of what it is compared with, by seed.
    public struct CurvePair: Sendable {
        /// The curve's name.
        public var name: String
        /// The change's, one for each seed.
        public var this: [Curve]
        /// The baseline's.
        public var base: [Curve]

        /// Pairs curves.
        public init(name: String, this: [Curve], base: [Curve]) {
            self.name = name
            self.this = this
            self.base = base
        }
    }

    /// A parameter that is another than the baseline's.
    public struct ParameterChange: Codable, Hashable, Sendable {
        /// Its name.
        public var name: String
        /// What it was, and what it is; nil where there is none.
        public var old: String?, new: String?

        /// Tells a change.
        public init(name: String, old: String?, new: String?) {
            self.name = name
            self.old = old
            self.new = new
        }
    }

    /// The pipeline's number, and its page where others reach it.
    public var pipeline: PipelineID, page: String?
    /// The commit.
    public var commit: String
    /// The first line where no verdict gives it, with its sign: what runs, what failed.
    public var standing: String
    /// What gates have answered, node by node.
    public var verdicts: [(node: String, verdict: Verdict)] = []
    /// Who let it pass although a gate says no, why and when.
    public var override: (person: String, reason: String, at: String)?
    /// What people asked for in comments, and what came of it: `@mira`, `/pawl retry failed`, `train: to run again`.
    public var answers: [(person: String, command: String, answer: String, isDone: Bool)] = []
    /// The commit of a fork that waits for an approval; nil where nothing does.
    public var heldCommit: String?
    /// Whether a job failed that running again may help.
    public var hasFailures = false
    /// How the change's own rules differ from those that were used, and whose those are.
    public var ruleChanges: [String] = [], rulesOf = ""
    /// The nodes, in order.
    public var jobs: [Job] = []
    /// The curves that both have.
    public var curves: [CurvePair] = []
    /// Parameters that are others than the baseline's.
    public var parameters: [ParameterChange] = []
    /// Files that are others than the baseline's.
    public var files: [FileChange] = []
    /// What else differs, and what is the same, in words: images, models of GPUs, rules.
    public var differences: [String] = [], same: [String] = []
    /// What the tests of all nodes came to together; nil where there is no report of any.
    public var tests: TestReport?
    /// How much of the code they reach, of each node that says it.
    public var coverage: [CoverageFigure] = []
    /// What was used, in words.
    public var spent = ""
    /// When this was so.
    public var at = ""

    /// Begins with what every report has.
    public init(pipeline: PipelineID, page: String?, commit: String, standing: String) {
        self.pipeline = pipeline
        self.page = page
        self.commit = commit
        self.standing = standing
    }

    // MARK: - The text

    /// The comment, with a mark that does not show, by which it is found again.
    public func markdown(mark: String) -> String {
        let end = "\n\n<sub>\(link) · \(Markdown.text(at))</sub>\n<!-- \(mark) -->\n"
        var text = "**\(headline(.markdown))**"
        // What matters most comes first: what has no room is left out whole.
        for part in [
            override.map(overrideLine), rules, gates, failedCases, changed, sparklines, tookLine, charts, jobTable,
            help, asked,
        ] {
            guard let part, !part.isEmpty else { continue }
            guard text.utf8.count + part.utf8.count + end.utf8.count + 200 <= Self.limit else {
                text += "\n\nMore than a comment holds is at \(link)."
                break
            }
            text += "\n\n" + part
        }
        return text + end
    }

    /// The first line as plain text: what terminals and pages show.
    public var headline: String { headline(.plain) }

    private func headline(_ form: VerdictWords.Form) -> String {
        if let override {
            return "! Allowed as worse by \(form.text(override.person)): “\(form.text(override.reason))”"
        }
        let blocking = verdicts.first { $0.verdict.isBlocking }
        let telling = blocking ?? verdicts.first { $0.verdict.answer == .inconclusive } ?? verdicts.first
        if let telling { return VerdictWords(telling.verdict).headline(form) }
        // What stands before the first colon is Pawl's own; a job's name and what it says come after.
        guard let colon = standing.firstIndex(of: ":") else { return form.text(standing) }
        return String(standing[...colon]) + form.text(String(standing[colon...].dropFirst()))
    }

    private var link: String { page.map { "[#\(pipeline)](\($0))" } ?? "#\(pipeline)" }

    private func overrideLine(_ override: (person: String, reason: String, at: String)) -> String {
        "Name and reason stay here: \(Markdown.text(override.person)), \(Markdown.text(override.at))."
    }

    private var rules: String? {
        guard !ruleChanges.isEmpty else { return nil }
        let changes = ruleChanges.prefix(10).map { "- \(Markdown.text($0))" }.joined(separator: "\n")
        return "! This change touches its own gate. The rules of \(Markdown.code(rulesOf)) were used.\n\n" + changes
    }

    private var gates: String? {
        guard !verdicts.isEmpty else { return nil }
        return verdicts.map { node, verdict in
            let table = GateTable(verdict)
            let base = verdict.baseline.map {
                "\(Markdown.text($0.name)) \(Markdown.code(String($0.commit.prefix(7))))"
            }
            let head = [
                "| | this \(Markdown.code(String(commit.prefix(7)))) | \(base ?? "baseline") | change | interval | verdict |",
                "|---|--:|--:|--:|:-:|---|",
            ]
            let rows = table.rows.prefix(50).map { row in
                let name = "\(Markdown.text(row.metric, limit: 80)) \(row.arrow)"
                let cells = [
                    row.isBlocking ? "**\(name)**" : name, row.value, row.baseline, row.change, row.interval,
                    "\(row.sign) \(Markdown.text(row.words))",
                ]
                return "| \(cells.joined(separator: " | ")) |"
            }
            let title = verdicts.count > 1 ? "\(Markdown.code(node))\n\n" : ""
            return title + (head + rows).joined(separator: "\n") + "\n\n" + sentence(verdict, table)
        }.joined(separator: "\n\n")
    }

    /// How sure the verdict is, in words that a reader can hold it to.
    private func sentence(_ verdict: Verdict, _ table: GateTable) -> String {
        guard verdict.metrics.contains(where: { $0.comparison?.critical != nil }) else {
            return table.method.isEmpty ? "" : "\(Markdown.text(table.method))."
        }
        let share = 1 - verdict.settings.confidence
        let times = share > 0 ? "1 time in \(Int((1 / share).rounded()))" : "never"
        let look = verdict.look == 1 ? "First look" : "Look \(verdict.look)"
        return
            "\(Markdown.text(table.method)). This gate blocks a change that is truly within the limits at most \(times), "
            + "over all looks and whatever the baseline's luck. \(look) at this pull request."
    }

    private var drawn: [(name: String, this: Curve, base: Curve?)] {
        curves.prefix(6).compactMap { pair in
            CurveDrawing.mean(pair.this).map { (pair.name, $0, CurveDrawing.mean(pair.base)) }
        }
    }

    /// Each curve's end and shape in a line, beside that of the baseline: for the report and for terminals.
    public var curveLines: [String] {
        drawn.compactMap { name, this, base -> String? in
            guard this.points.count > 1, let range = CurveDrawing.range(of: [this] + (base.map { [$0] } ?? [])),
                let end = this.points.last?.value.number
            else { return nil }
            let digits = NumberText.decimals(for: [range.lowerBound, range.upperBound])
            var line =
                "\(Markdown.label(name, limit: 30))  this  \(CurveDrawing.sparkline(this, within: range))"
                + "  \(NumberText.of(end, decimals: digits))"
            if let base, let last = base.points.last?.value.number {
                line +=
                    "     before  \(CurveDrawing.sparkline(base, within: range))"
                    + "  \(NumberText.of(last, decimals: digits))"
            }
            return line
        }
    }

    private var sparklines: String? {
        let lines = curveLines
        return lines.isEmpty ? nil : "```\n" + lines.joined(separator: "\n") + "\n```"
    }

    /// `Tests 212 passed · coverage 87.4 % · **0.81 GPU-hours**`
    private var tookLine: String? {
        let parts = [Markdown.text(testLine, limit: 600), spent.isEmpty ? "" : "**\(Markdown.text(spent))**"]
        return parts.filter { !$0.isEmpty }.joined(separator: " · ")
    }

    private var charts: String? {
        let charts = drawn.compactMap { name, this, base -> String? in
            let seeds = curves.first { $0.name == name }?.this.count ?? 1
            return CurveDrawing.chart(name, seeds: seeds, this: this, base: base)
        }
        guard !charts.isEmpty else { return nil }
        let blocks = charts.map { "```mermaid\n\($0)\n```" }.joined(separator: "\n\n")
        let key = "The first line is this change, the second what it is compared with."
        return "<details><summary>Curves</summary>\n\n\(key)\n\n\(blocks)\n\n</details>"
    }

    private var jobTable: String? {
        guard !jobs.isEmpty else { return nil }
        let rows = jobs.prefix(100).map { job in
            let name = Markdown.text(job.name, limit: 80) + (job.seeds > 1 ? " ×\(job.seeds)" : "")
            let cells = [
                name, Markdown.text(job.result), Markdown.text(job.time), Markdown.text(job.place),
                Markdown.text(job.note),
            ]
            return "| \(cells.joined(separator: " | ")) |"
        }
        let more = jobs.count > 100 ? "\n\n\(jobs.count - 100) more jobs are at \(link)." : ""
        return "<details><summary>Jobs: \(Markdown.html(standing))</summary>\n\n| job | result | time | where | |\n"
            + "|---|---|--:|---|---|\n" + rows.joined(separator: "\n") + "\(more)\n\n</details>"
    }

    private var help: String? {
        let rows = commands.map { "| `\($0.comment)` | \($0.does) |" }
        guard !rows.isEmpty else { return nil }
        let why =
            verdicts.isEmpty ? "" : "\n\n`pawl why \(pipeline)/JOB` tells how the verdict was reached, seed by seed."
        return "<details><summary>What you can do</summary>\n\n| comment | does |\n|---|---|\n"
            + rows.joined(separator: "\n") + "\(why)\n\n</details>"
    }

    /// What a person may write under the report now.
    private var commands: [(comment: String, does: String)] {
        if let heldCommit {
            return [("/pawl approve \(heldCommit)", "maintainers: lets this commit run, and no other")]
        }
        var commands: [(comment: String, does: String)] = []
        if override == nil {
            let isOpen = verdicts.contains { $0.verdict.isBlocking || $0.verdict.answer == .inconclusive }
            if isOpen { commands.append(("/pawl more-seeds 5", "adds 5 seeds to those there are; all of them count")) }
        }
        if hasFailures {
            commands.append(
                ("/pawl retry failed", "runs again what failed by accident; never drops a seed that counted"))
        }
        if override == nil, verdicts.contains(where: { $0.verdict.isBlocking }) {
            commands.append(
                ("/pawl override <reason>", "maintainers: lets it pass; name and reason stay in this report"))
        }
        return commands
    }

    private var asked: String? {
        guard !answers.isEmpty else { return nil }
        return answers.map { one in
            let sign = one.isDone ? "✓" : "✗"
            return "\(sign) \(Markdown.text(one.person)) \(Markdown.code(one.command)): \(Markdown.text(one.answer))"
        }.joined(separator: "  \n")
    }
}
