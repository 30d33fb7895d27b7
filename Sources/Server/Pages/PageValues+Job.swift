import PipelineModel

extension PageValues {
    struct Job: Sendable {
        var pipelineLink: String
        var repository: String
        var id: String
        var pipelineTitle: String
        var sign: String
        var word: String
        var tone: String
        var duration: String
        var name: String
        var stage: String
        var environment: String?
        var needs: String?
        var text: String?
        var tests: Tests?
        var hasRemarks: Bool
        var remarks: [String]
        var hasAttempts: Bool
        var attempts: [AttemptRow]

        init(_ job: JobView, in view: PipelineDetailView, links: PageLinks) {
            let mark = PageMark(job)
            let pipeline = view.pipeline
            pipelineLink = links.pipeline(pipeline.id)
            repository = pipeline.repository
            id = pipeline.id.description
            pipelineTitle = pipeline.title ?? pipeline.shortRef
            (sign, word, tone) = (mark.sign, mark.word, mark.tone)
            duration = job.attempts.isEmpty ? "" : job.duration(at: view.at)?.text ?? ""
            name = job.name
            stage = job.stage
            environment = job.environment
            needs = job.needs.isEmpty ? nil : job.needs.joined(separator: ", ")
            let words = PageValues.text(of: job, at: view.at)
            text = words.isEmpty ? nil : words
            attempts = job.attempts.reversed().map {
                AttemptRow($0, of: job.name, in: pipeline.id, links: links, now: view.at)
            }
            hasAttempts = !attempts.isEmpty
            tests = job.findings?.tests.map(Tests.init)
            remarks = job.findings?.remarks ?? []
            hasRemarks = !remarks.isEmpty
        }
    }

    /// How a job's tests ended.
    struct Tests: Sendable {
        var counts: String
        var time: String?
        var cases: [Case]
        var more: String?

        struct Case: Sendable {
            var place: String?
            var name: String
            var message: String
        }

        init(_ report: TestReport) {
            counts = report.words
            time = report.milliseconds > 0 ? Duration.milliseconds(report.milliseconds).text : nil
            cases = report.failures.map {
                Case(
                    place: $0.place.isEmpty ? nil : $0.place, name: $0.name,
                    message: $0.message.joined(separator: "\n"))
            }
            let rest = report.failed + report.errored - cases.count
            more = rest > 0 ? String(rest) : nil
        }
    }

    struct AttemptRow: Sendable {
        var link: String
        var word: String
        var tone: String
        var number: String
        var runner: String
        var text: String
        var image: String?
        var spent: String?
        var duration: String
        var time: String
        var isoTime: String
        var artifacts: [ArtifactRow]

        init(_ attempt: AttemptView, of job: String, in id: PipelineID, links: PageLinks, now: Timestamp) {
            let mark = PageMark(attempt)
            link = links.job(job, of: id, attempt: attempt.number)
            word = "\(mark.sign) \(mark.word)"
            tone = mark.tone
            number = String(attempt.number)
            runner = attempt.runner
            let origin = attempt.resumedFrom.map { "went on from the checkpoint of attempt \($0)" }
            text = [origin, attempt.failure?.message ?? attempt.summary].compactMap { $0 }.joined(separator: "; ")
            image = attempt.imageDigest.map { String($0.prefix(19)) }
            spent = attempt.usage.map { SpentWords.parts($0, withGPU: $0.gpuMs > 0).joined(separator: ", ") }
            duration = ((attempt.finishedAt ?? now) - (attempt.startedAt ?? attempt.claimedAt)).text
            (time, isoTime) = PageValues.time(attempt.claimedAt)
            artifacts = attempt.artifacts.map { artifact in
                ArtifactRow(
                    link: links.artifact(of: job, in: id, attempt: attempt.number, sha256: artifact.sha256),
                    size: PageValues.size(artifact.size),
                    files: artifact.fileCount == 1 ? "1 file" : "\(artifact.fileCount) files",
                    paths: artifact.paths.prefix(8).joined(separator: ", "))
            }
        }
    }

    struct ArtifactRow: Sendable {
        var link: String
        var size: String
        var files: String
        var paths: String
    }

    struct JobPage: Sendable {
        var liveLink: String
        var changing: String
        var hasLog: Bool
        var attempt: String
        var logLink: String
        var cut: String?
        var log: String
    }

    /// An amount in powers of 1000.
    static func size(_ size: ByteCount) -> String {
        let units = ["KB", "MB", "GB", "TB"]
        guard size.bytes >= 1_000 else { return "\(size.bytes) B" }
        var amount = Double(size.bytes) / 1_000
        var unit = 0
        while amount >= 999.5, unit < units.count - 1 {
            amount /= 1_000
            unit += 1
        }
        let tenths = Int((amount * 10).rounded())
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) \(units[unit])" : "\(Int(amount.rounded())) \(units[unit])"
    }
}
