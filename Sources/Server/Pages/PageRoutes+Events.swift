import HTTPTypes
import Hummingbird
import PipelineModel
import Store

extension PageRoutes {
    /// A pipeline's page as it changes: the part that changes, rendered anew, as server-sent events.
    func events(of id: PipelineID, _ call: PageCall) -> Response {
        let (store, library, now, links) = (environment.store, library, environment.now, call.reader.links)
        let gathering = gathering
        return .streaming(call.request, type: "text/event-stream") { writer in
            var shown: PipelineDetailView?
            while true {
                let seen = store.pipelineChanged.count
                guard let detail = try await store.pipeline(id) else { return }
                let view = PipelineDetailView(detail, at: now())
                let isNew = !view.showsSame(as: shown)
                if isNew {
                    let report = try await gathering.report(on: detail, now: view.at)
                    let html = library.render(.pipeline, PageValues.Pipeline(view, report: report, links: links))
                    try await writer.write(try PageEvent(name: "state", html: html).buffer)
                    shown = view
                } else {
                    try await writer.write(PageEvent.keepAlive)
                }
                if view.pipeline.state.isEnded {
                    return try await writer.write(try PageEvent(name: "end", html: "").buffer)
                }
                await store.pipelineChanged.wait(after: seen, atMost: APIRoutes.keepAlive)
                try Task.checkCancellation()
            }
        }
    }

    /// A job's page as it changes: its state, and what its log has grown by since the page or the last event.
    func events(of job: JobView, in id: PipelineID, attempt: AttemptView?, _ call: PageCall) -> Response {
        let (store, library, now, links) = (environment.store, library, environment.now, call.reader.links)
        let resumed = HTTPField.Name("Last-Event-ID").flatMap { call.request.headers[$0] }.flatMap { Int64($0) }
        let start = max(0, resumed ?? call.number("offset") ?? 0)
        return .streaming(call.request, type: "text/event-stream") { writer in
            var shown: JobView?
            var offset = start
            var text = ANSIText()
            let logSignal = attempt.map { store.logSignal(of: $0.id) } ?? Signal()
            while true {
                let (seen, seenLog) = (store.pipelineChanged.count, logSignal.count)
                guard let detail = try await store.pipeline(id) else { return }
                let view = PipelineDetailView(detail, at: now())
                guard let current = view.job(named: job.name) else { return }
                if current != shown {
                    let html = library.render(.job, PageValues.Job(current, in: view, links: links))
                    try await writer.write(try PageEvent(name: "state", html: html).buffer)
                    shown = current
                }
                // A new attempt has a log of its own: the page is loaded anew for it.
                if attempt?.id == job.attempts.last?.id, current.attempts.last?.id != attempt?.id {
                    return try await writer.write(try PageEvent(name: "turn", html: "").buffer)
                }
                var isLast = true
                while let attempt {
                    let chunk = try await store.readLog(of: attempt.id, from: offset, limit: 64 << 10)
                    isLast = chunk.isLast
                    guard !chunk.bytes.isEmpty else { break }
                    offset = chunk.offset + Int64(chunk.bytes.count)
                    let event = PageEvent(name: "log", html: HTMLText.log(text.take(chunk.bytes)), id: offset)
                    try await writer.write(try event.buffer)
                }
                if current.state.isEnded && isLast {
                    return try await writer.write(try PageEvent(name: "end", html: "").buffer)
                }
                await Self.wait(for: [(store.pipelineChanged, seen), (logSignal, seenLog)])
                try Task.checkCancellation()
                try await writer.write(PageEvent.keepAlive)
            }
        }
    }

    /// Waits until any of the signals was given, or long enough that a quiet connection needs a sign of life.
    private static func wait(for signals: [(Signal, UInt64)]) async {
        await withTaskGroup(of: Void.self) { group in
            for (signal, seen) in signals {
                group.addTask { await signal.wait(after: seen, atMost: APIRoutes.keepAlive) }
            }
            await group.next()
            group.cancelAll()
        }
    }
}

/// A server-sent event. Its data is one JSON string, so that no line end in it can end the event.
struct PageEvent: Sendable {
    var name: String
    var html: String
    /// What a browser sends back when it connects anew.
    var id: Int64?

    var buffer: ByteBuffer {
        get throws {
            let data = String(decoding: try Response.jsonBytes(html), as: UTF8.self)
            let idLine = id.map { "id: \($0)\n" } ?? ""
            return ByteBuffer(string: "event: \(name)\n\(idLine)data: \(data)\n\n")
        }
    }

    /// A comment, which browsers skip.
    static let keepAlive = ByteBuffer(string: ":\n\n")
}
