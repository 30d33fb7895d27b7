import Hummingbird
import PipelineModel
import Store

extension PageRoutes {
    private static let listLength = 50
    /// How much of a log's end stands on a page; all of it is behind a link.
    private static let logOnPage = 512 << 10

    func list(_ call: PageCall) async throws -> Response {
        let store = environment.store
        let name = Self.query("repository", of: call.request)
        let repository = name == nil ? nil : try await store.repositories(named: name ?? "").first
        let references = Dictionary(
            try await store.repositories().map { ($0.id, $0.reference) }, uniquingKeysWith: { first, _ in first })
        let before = call.number("before").map(PipelineID.init(rawValue:))
        let pipelines = try await store.pipelines(of: repository?.id, before: before, limit: Self.listLength)
        let now = environment.now()
        let rows = pipelines.compactMap { pipeline in
            references[pipeline.repository].map {
                PageValues.Row(PipelineView(pipeline, of: $0), links: call.reader.links, now: now)
            }
        }
        let filter = repository.map { "&repository=\($0.reference.name.urlSegment)" } ?? ""
        let older =
            pipelines.count == Self.listLength ? pipelines.last.map { "/pipelines?before=\($0.id)\(filter)" } : nil
        let content = library.render(
            .list, PageValues.List(repository: repository?.reference.name, rows: rows, older: older))
        return page(content, title: "Pipelines", reader: call.reader)
    }

    func pipeline(_ call: PageCall) async throws -> Response {
        let detail = try await detail(of: call)
        let view = PipelineDetailView(detail, at: environment.now())
        if call.wantsEvents { return events(of: view.pipeline.id, call) }
        let report = try await gathering.report(on: detail, now: view.at)
        let changing = library.render(
            .pipeline, PageValues.Pipeline(view, report: report, links: call.reader.links))
        let isLive = !view.pipeline.state.isEnded
        let link = isLive ? HTMLText.escaped(call.reader.links.pipeline(view.pipeline.id)) : ""
        return page(
            "<div id=\"live\" data-live=\"\(link)\">\(changing)</div>",
            title: "#\(view.pipeline.id) \(view.pipeline.title ?? view.pipeline.repository)", reader: call.reader,
            isLive: isLive)
    }

    func job(_ call: PageCall) async throws -> Response {
        let view = try await view(of: call)
        let job = try self.job(of: call, in: view)
        let attempt = attempt(of: call, in: job)
        if call.wantsEvents { return events(of: job, in: view.pipeline.id, attempt: attempt, call) }
        let links = call.reader.links
        let id = view.pipeline.id
        let isLive = !job.state.isEnded
        var log = LogTail(limit: Self.logOnPage)
        if let attempt, attempt.logRemovedAt == nil {
            let reader = LogReader(store: environment.store, attempt: attempt.id)
            try await reader.read(from: 0, follows: false) { bytes, _ in log.add(bytes) }
        }
        let live = links.live(job.name, of: id, attempt: attempt?.number, offset: log.end)
        let content = library.render(
            .jobPage,
            PageValues.JobPage(
                liveLink: isLive ? live : "",
                changing: library.render(.job, PageValues.Job(job, in: view, links: links)), hasLog: attempt != nil,
                attempt: attempt.map { String($0.number) } ?? "",
                logLink: attempt.map { links.log(of: job.name, in: id, attempt: $0.number) } ?? "",
                cut: log.isCut ? PageValues.size(ByteCount(bytes: Int64(Self.logOnPage))) : nil, log: log.html))
        return page(content, title: "\(id)/\(job.name)", reader: call.reader, isLive: isLive)
    }

    func log(_ call: PageCall) async throws -> Response {
        let job = try self.job(of: call, in: try await view(of: call))
        guard let attempt = attempt(of: call, in: job), attempt.logRemovedAt == nil else {
            throw APIRefusal(.notFound, "This log is not there: the job has not run, or retention has removed it.")
        }
        let reader = LogReader(store: environment.store, attempt: attempt.id)
        return .streaming(
            call.request, type: "text/plain; charset=utf-8",
            headers: [.xContentTypeOptions: "nosniff", .contentSecurityPolicy: "default-src 'none'; sandbox"]
        ) { writer in
            // As on the page, what would steer a terminal is left out; colours have no place in plain text.
            var text = ANSIText()
            try await reader.read(from: 0, follows: false) { bytes, _ in
                try await writer.write(ByteBuffer(string: text.take(bytes).map(\.text).joined()))
            }
        }
    }

    func artifact(_ call: PageCall) async throws -> Response {
        let id = call.id ?? 0
        guard let job = try await environment.store.job(named: call.jobName ?? "", of: id) else {
            throw APIRefusal(.notFound, "There is no such job.")
        }
        return try await ArtifactDownload(
            store: environment.store, pipeline: id, job: job, attempt: Int(clamping: call.number("attempt") ?? 0),
            sha256: Self.query("sha256", of: call.request)
        ).response()
    }

    // MARK: - Finding what a page is about

    func view(of call: PageCall) async throws -> PipelineDetailView {
        PipelineDetailView(try await detail(of: call), at: environment.now())
    }

    private func detail(of call: PageCall) async throws -> PipelineDetail {
        guard let id = call.id, let detail = try await environment.store.pipeline(id) else {
            throw APIRefusal(.notFound, "There is no such pipeline.")
        }
        return detail
    }

    /// What pages tell beside the jobs is gathered as for a comment.
    var gathering: ReportGathering {
        ReportGathering(store: environment.store, pageURL: { _ in nil }, mirrors: environment.mirrors)
    }

    private func job(of call: PageCall, in view: PipelineDetailView) throws -> JobView {
        guard let job = call.jobName.flatMap({ view.job(named: $0) }) else {
            throw APIRefusal(.notFound, "Pipeline #\(view.pipeline.id) has no such job.")
        }
        return job
    }

    private func attempt(of call: PageCall, in job: JobView) -> AttemptView? {
        guard let number = call.number("attempt") else { return job.attempts.last }
        return job.attempts.first { $0.number == number }
    }
}

/// The end of a log as HTML, begun at a line.
struct LogTail: Sendable {
    private let limit: Int
    private var bytes: [UInt8] = []
    /// Whether something before is left out.
    private(set) var isCut = false
    /// The offset after the last byte.
    private(set) var end: Int64 = 0

    init(limit: Int) { self.limit = limit }

    mutating func add(_ more: [UInt8]) {
        end += Int64(more.count)
        bytes += more
        if bytes.count > 2 * limit { trim() }
    }

    private mutating func trim() {
        guard bytes.count > limit else { return }
        isCut = true
        let tail = bytes.suffix(limit)
        let start = tail.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? tail.startIndex
        bytes = Array(bytes[start...])
    }

    /// The end of the log, escaped.
    var html: String {
        var copy = self
        copy.trim()
        var text = ANSIText()
        return HTMLText.log(text.take(copy.bytes))
    }
}
