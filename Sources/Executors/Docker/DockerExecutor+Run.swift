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
        let meter = UsageMeter(engine: engine, container: container.id)
        do {
            var exit = try await start(container, meter: meter, output: output)
            exit.usage = meter.usage
            return exit
        } catch {
            throw Self.translated(error, doing: "run the container")
        }
    }

    /// Goes on with a container that an earlier process started, from the engine's record of it.
    public func follow(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit? {
        do {
            guard try await engine.container(container.id).state.wasStarted else { return nil }
            let meter = UsageMeter(engine: engine, container: container.id)
            await meter.begin()
            let metering = Task { await meter.run() }
            defer { metering.cancel() }
            var follower = OutputFollower(output: output)
            var exit = try await recover(container, &follower)
            exit.usage = meter.usage
            // The engine was there all along: what it recorded is all there was.
            exit.mayLackOutput = false
            return exit
        } catch {
            throw Self.translated(error, doing: "go on with the container")
        }
    }

    private func start(
        _ container: ContainerHandle, meter: UsageMeter,
        output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit {
        async let wait = engine.waitForNextExit(container.id)
        async let attachment = engine.attach(container.id)
        let (waiting, attached) = try await (wait, attachment)
        if runs.isStopRequested(container.id) { return Self.stoppedBeforeStart }
        try await engine.start(container.id)
        // A stop between the two found nothing to stop.
        if runs.isStopRequested(container.id) { try await engine.kill(container.id) }
        await meter.begin()
        let metering = Task { await meter.run() }
        defer { metering.cancel() }
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
        var triesLeft = 20
        while true {
            try await waitForEngine()
            triesLeft -= 1
            do {
                if let exit = try await goOn(container, &follower, isLastTry: triesLeft == 0) { return exit }
            } catch let error as ExecutorError where error.code == .engineUnavailable && triesLeft > 0 {
                // It went away again.
            } catch let refusal as EngineRefusal where refusal.status == 404 {
                throw ExecutorError(
                    .engineFailed, message: "The engine came back without the job's container.", cause: refusal)
            } catch let refusal as EngineRefusal where refusal.status >= 500 && triesLeft > 0 {
                // It answers before it is whole again.
            }
            try await ContinuousClock().sleep(for: .milliseconds(250))
        }
    }

    /// Follows the engine's record to the container's end.
    /// - Parameter isLastTry: whether a record that breaks off is taken for all there is.
    /// - Returns: the end; nil where the record broke off and another look may find more.
    private func goOn(
        _ container: ContainerHandle, _ follower: inout OutputFollower, isLastTry: Bool
    ) async throws -> ContainerExit? {
        let wasRunning = try await engine.container(container.id).state.running
        let logs = try await engine.logs(container.id, since: follower.resume(), follows: wasRunning)
        var isWhole: Bool
        if wasRunning {
            isWhole = try await followUntilEnded(container, logs, &follower)
        } else {
            isWhole = try await follower.follow(logs.body)
        }
        let state = try await engine.container(container.id).state
        guard !state.running, isWhole || isLastTry else { return nil }
        if !wasRunning && state.exitCode == Self.lostExitCode {
            throw ExecutorError(
                .engineFailed, message: "The engine went away, and came back without knowing how the container ended.")
        }
        var exit = Self.exit(of: state, code: state.exitCode)
        exit.mayLackOutput = !wasRunning || !isWhole
        return exit
    }

    /// What the engine records for a container that ended while nobody looked, when its end was lost with the engine.
    private static let lostExitCode = 255

    /// Follows the record of a container that runs. The stream's end says that the container has ended; where an engine
    /// that was restarted never ends it, a look at the container does.
    /// - Returns: whether the record was followed to its end.
    private func followUntilEnded(
        _ container: ContainerHandle, _ logs: HTTPResponse, _ follower: inout OutputFollower
    ) async throws -> Bool {
        let known = follower
        let followed = try await withThrowingTaskGroup(of: (follower: OutputFollower, isWhole: Bool)?.self) { group in
            group.addTask {
                var follower = known
                let isWhole = try await follower.follow(logs.body)
                return (follower, isWhole)
            }
            group.addTask {
                repeat {
                    try await ContinuousClock().sleep(for: settings.sweepEvery)
                } while try await engine.container(container.id).state.running
                try await ContinuousClock().sleep(for: settings.sweepEvery)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let followed else { return false }
        follower = followed.follower
        guard followed.isWhole else { return false }
        // The stream may end a moment before the container is seen to have ended.
        _ = try await engine.exitCode(from: try await engine.waitUntilStopped(container.id))
        return true
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
        return Self.exit(of: state, code: code)
    }

    private static func exit(of state: DockerEngine.ContainerDetails.State, code: Int) -> ContainerExit {
        ContainerExit(
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
