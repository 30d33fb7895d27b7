import Logging
import Server
import UnixSignals

/// Becomes a new process of the program that is on disk now, with the same arguments and the same process id: what
/// SIGHUP asks of a server or a runner, so that an upgrade or changed settings cost no job. All that counts is on disk at
/// every moment, as for a crash; jobs that run are gone on with, and no connection is refused meanwhile.
struct RestartInPlace: Sendable {
    /// How long the requests that are going on may take to end. Forges wait 10 s for an answer, and whoever connects
    /// meanwhile waits for this and for the start.
    private static let patience = Duration.seconds(5)

    /// What answers HTTP in this process; nil in one that does not.
    var web: WebService?
    let logger: Logger

    /// Waits for SIGHUP, and restarts then. Returns only with the task.
    func whenAsked() async {
        for await _ in await UnixSignalsSequence(trapping: .sighup) {
            logger.notice("restarting in place")
            do {
                try await replace()
            } catch {
                logger.error("not restarted; all goes on as before", metadata: ["error": "\(error)"])
            }
        }
    }

    private func replace() async throws -> Never {
        let next = try NextProgram()
        try await next.check()
        await web?.handOver(within: Self.patience)
        let error = next.take(over: web?.socket)
        web?.resume()
        throw error
    }
}
