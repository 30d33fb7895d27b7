import Foundation
import NIOConcurrencyHelpers

/// The `pawl` command as a process of its own, which can be killed and waited for.
final class PawlProcess: Sendable {
    /// How a process ended.
    enum Ending: Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    /// `PAWL_BINARY`, else the `pawl` that was built beside these tests.
    static let binary: String = {
        if let named = ProcessInfo.processInfo.environment["PAWL_BINARY"] { return named }
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (tests as NSString).deletingLastPathComponent + "/pawl"
    }()

    /// Its process id.
    let id: pid_t
    private let ending: Task<Ending, Never>
    private let isRunning = NIOLockedValueBox(true)
    private let lines: AsyncStream<String>
    private let text: NIOLockedValueBox<String>

    /// Starts it, without input. Nothing named `PAWL_…` of this process's own environment reaches it.
    /// - Parameter program: the file that is run.
    init(_ arguments: [String], environment: [String: String] = [:], program: String = binary) throws {
        let variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PAWL_") }
            .merging(environment) { $1 }
        let output = try Self.pipe()
        id = try Self.spawn([program] + arguments, variables.map { "\($0.key)=\($0.value)" }, output: output.write)
        close(output.write)
        (lines, text) = Self.follow(output.read)
        ending = Self.wait(for: id, isRunning)
    }

    /// Two connected ends that no other process gets by accident: an output's end is not seen while anybody has it.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw Silence(words: "socketpair", output: String(cString: strerror(errno)))
        }
        return (ends[0], ends[1])
    }

    private static func spawn(_ arguments: [String], _ environment: [String], output: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        // A thread of ours may have signals blocked that a process has to hear.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let words = arguments.map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer { for each in words + variables { free(each) } }
        var id = pid_t()
        let code = posix_spawn(&id, arguments[0], &actions, &attributes, words, variables)
        guard code == 0 else { throw Silence(words: arguments[0], output: String(cString: strerror(code))) }
        return id
    }

    /// Reads until nobody can write any more, on a thread of its own.
    private static func follow(_ descriptor: Int32) -> (AsyncStream<String>, NIOLockedValueBox<String>) {
        let (lines, arrival) = AsyncStream.makeStream(of: String.self)
        let text = NIOLockedValueBox("")
        Thread.detachNewThread {
            var rest: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { break }
                text.withLockedValue { $0 += String(decoding: buffer[..<count], as: UTF8.self) }
                rest += buffer[..<count]
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    arrival.yield(String(decoding: rest[..<end], as: UTF8.self))
                    rest.removeSubrange(...end)
                }
            }
            close(descriptor)
            arrival.finish()
        }
        return (lines, text)
    }

    /// Waits for the end of a child, on a thread of its own.
    private static func wait(for id: pid_t, _ isRunning: NIOLockedValueBox<Bool>) -> Task<Ending, Never> {
        let (endings, end) = AsyncStream.makeStream(of: Ending.self)
        Thread.detachNewThread {
            var facts = siginfo_t()
            // Its number is nobody else's until it is waited for, so that no signal of ours can go astray.
            while waitid(P_PID, id_t(id), &facts, WEXITED | WNOWAIT) < 0, errno == EINTR {}
            isRunning.withLockedValue { $0 = false }
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7f
            end.yield(signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal: signal))
            end.finish()
        }
        return Task {
            for await ending in endings { return ending }
            return .exited(-1)
        }
    }

    /// The file that it runs, with ` (deleted)` after it where another is there now.
    var program: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/exe")) ?? ""
    }

    /// The most memory that it ever had, in MiB.
    var peakMemory: Int {
        let status = (try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 / 1_024 } ?? .max
    }

    /// What it has written so far, on both its outputs.
    var output: String { text.withLockedValue { $0 } }

    /// All it has written, when it has closed its outputs.
    func wholeOutput() async -> String {
        for await _ in lines {}
        return output
    }

    /// Waits for a line with these words. Each line is seen by one call only.
    /// - Throws: `Silence` when the process ends, or the task is cancelled, without one.
    func line(with words: String) async throws {
        for await line in lines where line.contains(words) { return }
        throw Silence(words: words, output: output)
    }

    /// Waits for its end. A task that is cancelled kills it.
    func ended() async -> Ending {
        await withTaskCancellationHandler {
            await ending.value
        } onCancel: {
            signal(SIGKILL)
        }
    }

    /// Waits, on a thread of its own, until it was stopped by a signal.
    func stopped() async {
        let (news, tell) = AsyncStream.makeStream(of: Void.self)
        Thread.detachNewThread { [id] in
            var facts = siginfo_t()
            while waitid(P_PID, id_t(id), &facts, WSTOPPED | WNOWAIT) < 0, errno == EINTR {}
            tell.finish()
        }
        for await _ in news {}
    }

    /// Sends a signal; nothing where it has ended.
    func signal(_ signal: Int32) { isRunning.withLockedValue { if $0 { _ = kill(id, signal) } } }

    /// A process did not say what it was to say.
    struct Silence: Error {
        var words: String
        var output: String
    }
}
