import FoundationEssentials
import HTTPTransport
import PipelineModel

extension DockerExecutor {
    /// Starts the container, hands its output over as it comes, and returns when it has ended.
    ///
    /// The wait for the end and the output are both asked for before the start, so neither can be missed. When the
    /// engine goes away meanwhile, the run goes on from the engine's own record once it is back.
    public func run(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit {
        defer { runs.forget(container.id) }
        do {
            return try await start(container, output: output)
        } catch {
            throw Self.translated(error, doing: "run the container")
        }
    }

    private func start(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit {
        async let wait = engine.waitForNextExit(container.id)
        async let attachment = engine.attach(container.id)
        let (waiting, attached) = try await (wait, attachment)
        if runs.isStopRequested(container.id) { return Self.stoppedBeforeStart }
        try await engine.start(container.id)
        // A stop between the two found nothing to stop.
        if runs.isStopRequested(container.id) { try await engine.kill(container.id) }
        var follower = OutputFollower(output: output)
        let isWhole = try await follower.follow(attached.body)
        do {
            let code = try await engine.exitCode(from: waiting)
            if isWhole { return await exit(of: container, code: code) }
        } catch let error as ExecutorError where error.code == .engineUnavailable {
            // The engine went away with the answer; the record has it.
        }
        return try await recover(container, &follower)
    }

    /// 128 + SIGKILL: what the engine reports for a container that was ended by force.
    private static let stoppedBeforeStart = ContainerExit(code: 137)

    /// Goes on with a run whose engine went away, from the engine's record.
    ///
    /// What a container writes while the engine is down waits in a pipe of 64 KiB, and the engine takes it from there
    /// when it comes back, but not when the container has ended by then: that output is lost, and said to be.
    private func recover(_ container: ContainerHandle, _ follower: inout OutputFollower) async throws -> ContainerExit {
        var brokenRecords = 0
        while true {
            try await waitForEngine()
            do {
                let isRunning = try await engine.container(container.id).state.running
                let wait = try await engine.waitUntilStopped(container.id)
                let logs = try await engine.logs(container.id, since: follower.resume())
                let isWhole = try await follower.follow(logs.body)
                let code = try await engine.exitCode(from: wait)
                if !isWhole {
                    brokenRecords += 1
                    // A record that breaks off again and again is damaged; the end is known all the same.
                    if brokenRecords < 3 { continue }
                }
                var exit = await exit(of: container, code: code)
                exit.mayLackOutput = !isRunning || !isWhole
                return exit
            } catch let error as ExecutorError where error.code == .engineUnavailable {
                continue
            } catch let refusal as EngineRefusal where refusal.status == 404 {
                throw ExecutorError(
                    .engineUnavailable, message: "The engine came back without the job's container.", cause: refusal)
            }
        }
    }

    /// Asks until the engine answers. There is no signal to wait for: the socket itself may be made anew.
    private func waitForEngine() async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + settings.enginePatience
        var pause = Duration.milliseconds(50)
        while true {
            do {
                return try await engine.ping()
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                guard clock.now + pause < deadline else { throw error }
                try await clock.sleep(for: pause)
                pause = min(pause * 2, .seconds(2))
            }
        }
    }

    /// The end with what only an inspection tells. Without an answer the code alone is the result.
    private func exit(of container: ContainerHandle, code: Int) async -> ContainerExit {
        guard let state = try? await engine.container(container.id).state else { return ContainerExit(code: code) }
        return ContainerExit(
            code: code,
            // The kernel may have ended a child only, and the script went on to pass.
            isOutOfMemory: state.oomKilled == true && code != 0,
            startedAt: state.startedAt.flatMap(EngineTime.timestamp),
            finishedAt: state.finishedAt.flatMap(EngineTime.timestamp))
    }
}

/// Hands a container's output on, and knows how much of it has been handed on when a stream breaks.
struct OutputFollower: Sendable {
    private let output: @Sendable (ContainerOutput) async throws -> Void
    private var taken: [ContainerOutput.Stream: Int64] = [:]
    private var toSkip: [ContainerOutput.Stream: Int64] = [:]
    private var lastOutputAt: Date?

    init(output: @escaping @Sendable (ContainerOutput) async throws -> Void) { self.output = output }

    /// Hands on a stream to its end.
    /// - Returns: false where the stream broke in the middle.
    /// - Throws: what the output's taker throws, and cancellation.
    mutating func follow(_ body: AsyncThrowingStream<[UInt8], any Error>) async throws -> Bool {
        var frames = LogFrames()
        var chunks = body.makeAsyncIterator()
        while true {
            let chunk: [UInt8]?
            do {
                chunk = try await chunks.next()
            } catch let error as HTTPError {
                guard error.code != .cancelled else { throw CancellationError() }
                return false
            }
            guard let chunk else { break }
            for piece in try frames.feed(chunk) { try await handOn(piece) }
        }
        try Task.checkCancellation()
        return frames.isBetweenFrames
    }

    /// Prepares for a stream from the engine's record.
    /// - Returns: the `since` to ask for; nil where the record has all and what was taken is skipped instead.
    mutating func resume() -> String? {
        if taken.values.reduce(0, +) < OutputRecord.completeUpTo {
            toSkip = taken
            return nil
        }
        toSkip = [:]
        return lastOutputAt.map { String($0.timeIntervalSince1970) }
    }

    private mutating func handOn(_ piece: ContainerOutput) async throws {
        var piece = piece
        if let skipped = toSkip[piece.stream], skipped > 0 {
            let count = min(Int(skipped), piece.bytes.count)
            toSkip[piece.stream] = skipped - Int64(count)
            piece.bytes.removeFirst(count)
        }
        guard !piece.bytes.isEmpty else { return }
        try await output(piece)
        taken[piece.stream, default: 0] += Int64(piece.bytes.count)
        lastOutputAt = Date()
    }
}

/// The engine's times: `2026-11-24T03:34:36.123456789Z`, and the year 1 for "never".
enum EngineTime {
    static func timestamp(_ text: String) -> Timestamp? {
        guard !text.hasPrefix("0001-"), text.hasSuffix("Z") else { return nil }
        let parts = text.dropLast().split(separator: ".")
        guard let whole = parts.first, let date = try? Date("\(whole)Z", strategy: .iso8601) else { return nil }
        let fraction = parts.count == 2 ? Int64((parts[1] + "000").prefix(3)) ?? 0 : 0
        return Timestamp(milliseconds: Int64(date.timeIntervalSince1970) * 1_000 + fraction)
    }
}
