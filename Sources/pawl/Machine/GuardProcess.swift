import Foundation
import Glibc
import Logging

/// A process beside the runner's that removes its containers when it has died: `LeaseGuard` says when. It hears of the
/// runner's end by a pipe that only the runner holds open.
final class GuardProcess: Sendable {
    /// What the runner says before an orderly end, when there is nothing to guard.
    static let farewell = "done\n"

    private let pipe: Int32

    /// `POSIX_SPAWN_SETSID`, which the system's headers show to programs of GNU alone.
    private static let newSession: Int16 = 0x80

    /// Starts the process.
    /// - Throws: `CommandFailure` where it cannot be started.
    init(config: String) throws {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw Self.failure(errno) }
        defer { close(ends[0]) }
        pipe = ends[1]
        // No other child may hold the pipe open: it is made before any is started.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A session of its own: what ends the runner's terminal or group leaves it alone.
        posix_spawnattr_setflags(&attributes, Self.newSession)
        let arguments = ["/proc/self/exe", "runner", "guard", "--config", config]
        let words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var id = pid_t()
        let code = posix_spawn(&id, "/proc/self/exe", &actions, &attributes, words, environ)
        guard code == 0 else {
            close(pipe)
            throw Self.failure(code)
        }
        let child = id
        // Whoever starts a process has to take note of its end.
        Thread.detachNewThread {
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        }
    }

    /// Tells it that the runner ends in order.
    func dismiss() {
        let word = Array(Self.farewell.utf8)
        _ = write(pipe, word, word.count)
    }

    deinit { close(pipe) }

    private static func failure(_ code: Int32) -> CommandFailure {
        CommandFailure(.failed, "the runner's guard cannot be started: \(String(cString: strerror(code)))")
    }
}
