import JobLogs
import Logging
import PipelineModel

/// Brings a job's output to the server: masked, in pieces, repeated until they are there.
///
/// The first bytes after a pause go at once; what follows is collected for a moment. Whoever writes faster than the
/// server takes is slowed down, nothing is dropped. `run` has to run for as long as output comes.
actor LogPump {
    /// A piece is sent when it is this large, or the moment is over.
    private static let pieceSize = 64 << 10
    private static let moment = Duration.milliseconds(200)
    /// How long an unfinished line waits before those who follow see it.
    private static let lineMoment = Duration.seconds(3)
    /// What is kept of what was sent: a server that lost the end of its file in a crash asks for it again.
    private static let keptSize = 1 << 20

    /// How often the rest of a log is offered when the runner stops.
    private static let lastTries = 5

    private let coordinator: any Coordinator
    private let key: LeaseKey
    private let clock: RunnerClock
    private let control: AttemptControl
    private let logger: Logger
    private var pipeline: LogPipeline
    /// The end of what was sent, and what was not yet.
    private var window: [UInt8] = []
    /// Where the window begins in the log, and how much of it was sent.
    private var windowStart: Int64 = 0
    private var sent = 0
    private var isSending = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    /// Whether the server takes no more.
    private var isClosed = false
    /// The lines of the runner's own before the job's first output.
    private(set) var notes: [String] = []
    private var hasBegun = false
    /// How many bytes of output have come.
    private var taken: Int64 = 0
    /// Where an earlier process showed an unfinished line: the same is done there again, so that the log comes out alike.
    private var formerFlushes: ArraySlice<Int64> = []
    private let onFlush: @Sendable (Int64) -> Void
    private let news: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)
    private let lines: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)
    /// The time of the last output, for the limit on silence.
    private(set) var lastOutput: Duration

    init(
        key: LeaseKey, masker: SecretMasker, limit: ByteCount, coordinator: any Coordinator, control: AttemptControl,
        clock: RunnerClock, logger: Logger, onFlush: @escaping @Sendable (Int64) -> Void = { _ in }
    ) {
        self.onFlush = onFlush
        self.key = key
        self.coordinator = coordinator
        self.control = control
        self.clock = clock
        self.logger = logger
        pipeline = LogPipeline(masker: masker, limit: Int(clamping: limit.bytes))
        news = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        lines = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        lastOutput = clock.now()
    }

    /// The last line of output that says something.
    var summary: String? { pipeline.summary }

    /// Begins with the job's own output, and with the time without output: what came before was not its silence.
    func beginOutput() {
        hasBegun = true
        lastOutput = clock.now()
    }

    /// Goes on with a log that an earlier process began, and of which all is to come once more: the server skips what it
    /// has.
    /// - Parameters:
    ///   - notes: the runner's own lines before the job's output.
    ///   - flushes: after how many bytes of output an unfinished line was shown.
    func repeatBeginning(_ notes: [String], flushes: [Int64]) {
        for line in notes { note(line) }
        formerFlushes = flushes[...]
    }

    /// Takes output. Returns when the server has taken enough of what came before.
    func take(_ bytes: [UInt8]) async {
        lastOutput = clock.now()
        push(bytes)
        lines.continuation.yield()
        if window.count - sent >= Self.pieceSize { await send() } else { news.continuation.yield() }
        // Waiting for the server is not the job's silence.
        lastOutput = clock.now()
    }

    private func push(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while let flush = formerFlushes.first, flush <= taken + Int64(rest.count) {
            let part = rest.prefix(Int(max(0, flush - taken)))
            window += pipeline.push(Array(part)) + pipeline.flush()
            taken += Int64(part.count)
            rest = rest.dropFirst(part.count)
            formerFlushes.removeFirst()
        }
        window += pipeline.push(Array(rest))
        taken += Int64(rest.count)
    }

    /// Adds a line of the runner's own.
    func note(_ text: String) {
        if !hasBegun { notes.append(text) }
        window += pipeline.note(text)
        news.continuation.yield()
    }

    /// Sends what comes until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in self.news.stream {
                    await self.send()
                    guard (try? await self.clock.pause(Self.moment)) != nil else { return }
                }
            }
            group.addTask {
                for await _ in self.lines.stream {
                    guard (try? await self.clock.pause(Self.lineMoment)) != nil else { return }
                    await self.showUnfinishedLine()
                }
            }
        }
    }

    /// Ends the log, and returns when the server has all of it or takes no more.
    func finish() async {
        window += pipeline.finish()
        await send()
    }

    private func showUnfinishedLine() async {
        guard formerFlushes.isEmpty else { return }
        let shown = pipeline.flush()
        guard !shown.isEmpty else { return }
        onFlush(taken)
        window += shown
        await send()
    }

    /// Sends all that is there, one caller at a time.
    private func send() async {
        while isSending { await withCheckedContinuation { waiting.append($0) } }
        isSending = true
        defer {
            isSending = false
            let next = waiting
            waiting = []
            next.forEach { $0.resume() }
        }
        var backOff = BackOff()
        var refusals = 0
        while sent < window.count, !isClosed {
            if control.reason?.endsRight == true { isClosed = true }
            let piece = Array(window[sent...].prefix(4 * Self.pieceSize))
            do {
                let offset = windowStart + Int64(sent)
                let stored = try await coordinator.append(piece, at: offset, to: key)
                goOn(from: stored, in: offset...(offset + Int64(piece.count)))
                backOff = BackOff()
            } catch CoordinatorError.leaseLost {
                isClosed = true
                control.stop(.leaseLost("the server takes nothing more for this attempt"))
            } catch CoordinatorError.refused(let reason) {
                isClosed = true
                logger.error("the log is refused", metadata: ["error": "\(reason)"])
            } catch {
                logger.info("the log is not taken now", metadata: ["error": "\(error)"])
                refusals += 1
                // A runner that stops does not wait for ever: the result is on disk, and counts more than the log.
                if control.reason == .runnerStops, refusals >= Self.lastTries { isClosed = true }
                if (try? await clock.pause(backOff.delay())) == nil, Task.isCancelled { return }
            }
        }
        if isClosed {
            windowStart += Int64(window.count)
            window = []
            sent = 0
        }
    }

    /// Goes on where the server's file ends: past the piece, or before it when the server has lost something.
    private func goOn(from stored: Int64, in piece: ClosedRange<Int64>) {
        let place = stored - windowStart
        if place < 0 {
            // It lost more than is kept here. The hole is filled, so that what follows can be stored.
            let text = Array("\n… \(-place) bytes were lost when the server stopped …\n".utf8)
            let filling = text.prefix(Int(clamping: -place))
            window = filling + [UInt8](repeating: 0x0A, count: Int(clamping: -place) - filling.count) + window
            windowStart = stored
            sent = 0
        } else {
            sent = min(Int(clamping: place), window.count)
        }
        guard stored >= piece.upperBound, sent > Self.keptSize else { return }
        let dropped = sent - Self.keptSize
        window.removeFirst(dropped)
        windowStart += Int64(dropped)
        sent -= dropped
    }
}
