import Glibc
import Logging
import UnixSignals

/// Becomes a new process of the program that is on disk now, with the same arguments and the same process id: what
/// SIGHUP asks of a server or a runner, so that an upgrade or changed settings cost no job. All that counts is on disk at
/// every moment, as for a crash; jobs that run are gone on with.
enum RestartInPlace {
    /// Waits for SIGHUP, and restarts then. Returns only with the task, or where the restart failed.
    static func whenAsked(logger: Logger) async {
        for await _ in await UnixSignalsSequence(trapping: .sighup) {
            logger.notice("restarting in place")
            do {
                try replace()
            } catch {
                logger.error("not restarted; all goes on as before", metadata: ["error": "\(error)"])
            }
        }
    }

    private static func replace() throws -> Never {
        // Where the program was, though another file is there now.
        guard let path = executable else { throw CommandFailure(.failed, "the program's own file is not known") }
        guard access(path, X_OK) == 0 else { throw CommandFailure(.failed, "\(path) cannot be run") }
        // What libraries opened without saying so must not be the next process's.
        closeOnExec()
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv(path, &arguments)
        throw CommandFailure(.failed, "\(path): \(String(cString: strerror(errno)))")
    }

    private static var executable: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        let path = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        // Linux says so of a file that was replaced while it ran.
        let mark = " (deleted)"
        return path.hasSuffix(mark) ? String(path.dropLast(mark.count)) : path
    }

    private static func closeOnExec() {
        let limit = Int32(clamping: sysconf(Int32(_SC_OPEN_MAX)))
        for descriptor in 3..<min(limit, 65_536) {
            let flags = fcntl(descriptor, F_GETFD)
            if flags >= 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
        }
    }
}
