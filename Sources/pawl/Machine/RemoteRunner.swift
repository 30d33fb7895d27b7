import Executors
import Logging
import PipelineModel
import Runner
import ServiceLifecycle

/// A runner on a machine of its own: takes jobs of a server behind a fence until it is to stop, or the server needs it no
/// more.
struct RemoteRunner: Service {
    let runner: RunnerService
    let executor: FencedExecutor
    let logger: Logger

    func run() async throws {
        try await runner.run()
        guard !Task.isCancelled else { return }
        do {
            try await executor.takeDownFence()
        } catch {
            // It harms nobody, and the next start finds it.
            logger.info("the fence stays up", metadata: ["reason": "\(error)"])
        }
    }
}

/// What a runner on a machine of its own does now and then: takes a new credential at its start and each day, and
/// removes images and mirrors that no job has used for long.
struct RunnerUpkeep: Service {
    let coordinator: HTTPCoordinator
    let tidyUp: @Sendable () async throws -> Void
    let clock: RunnerClock
    let logger: Logger

    private static let pause = Duration.hours(24)
    private static let pauseAfterFailure = Duration.minutes(1)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let isDone = await takeCredential()
                if isDone { await tidy() }
                let pause = isDone ? Self.pause : Self.pauseAfterFailure
                guard (try? await clock.sleep(clock.now() + pause)) != nil else { return }
            }
        }
    }

    private func takeCredential() async -> Bool {
        do {
            try await coordinator.rotateCredential()
            return true
        } catch {
            if !Task.isCancelled { logger.warning("no new credential", metadata: ["error": "\(error)"]) }
            return false
        }
    }

    private func tidy() async {
        do {
            try await tidyUp()
        } catch {
            logger.warning("what is unused could not be removed", metadata: ["error": "\(error)"])
        }
    }
}
