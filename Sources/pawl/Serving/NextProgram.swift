import Foundation
import Glibc
import Server

/// The program that is on disk where this process's own was.
struct NextProgram: Sendable {
    private let path: String
    private let arguments = CommandLine.arguments

    /// Finds it: where the program was, though another file is there now.
    /// - Throws: `CommandFailure` where there is none.
    init() throws {
        guard let path = Self.executable else { throw CommandFailure(.failed, "the program's own file is not known") }
        guard access(path, X_OK) == 0 else { throw CommandFailure(.failed, "\(path) cannot be run") }
        self.path = path
    }

    /// Lets it look at the settings: a half-copied program or a slip in a file must not end what runs.
    /// - Throws: `CommandFailure` with what it says is wrong.
    func check() async throws {
        let ending = await withCheckedContinuation { continuation in
            // It is waited for, which must not hold one of the threads that all tasks share.
            Thread.detachNewThread { continuation.resume(returning: checkAndWait()) }
        }
        guard ending.status != 0 else { return }
        let words = ending.words.isEmpty ? "it does not run" : ending.words.printable
        throw CommandFailure(.failed, "\(path) with the settings that are there now: \(words)")
    }

    private func checkAndWait() -> (status: Int32, words: String) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return (-1, String(cString: strerror(errno))) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO)
        let words: [UnsafeMutablePointer<CChar>?] = (arguments + ["--check"]).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var id = pid_t()
        let code = posix_spawn(&id, path, &actions, nil, words, environ)
        close(ends[1])
        guard code == 0 else { return (code, String(cString: strerror(code))) }
        let said = Self.read(ends[0])
        // It has closed its output, or has said nothing for too long.
        if said == nil { kill(id, SIGKILL) }
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return (status, said ?? "it does not answer")
    }

    /// What is written until the end; nil where nothing comes for half a minute.
    private static func read(_ descriptor: Int32) -> String? {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&wait, 1, 30_000) > 0 else { return nil }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return String(decoding: text.prefix(2_000), as: UTF8.self) }
            text += buffer[..<count]
        }
    }

    /// Makes this process one of it.
    /// - Parameter socket: what it goes on listening on.
    /// - Returns: why that did not happen.
    func take(over socket: ListeningSocket?) -> CommandFailure {
        // What libraries opened without saying so must not be the next program's.
        Self.closeOnExec()
        var environment = ProcessInfo.processInfo.environment
        if let socket { environment[ListeningSocket.variable] = socket.bequeath() }
        let words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        let variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        execve(path, words, variables)
        let cause = String(cString: strerror(errno))
        for text in words + variables { free(text) }
        Self.closeOnExec()
        return CommandFailure(.failed, "\(path): \(cause)")
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
