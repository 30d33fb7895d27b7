import Foundation
import Testing

/// A disk that answers a process with an error: what it writes, and what it wants to be safe, ends with EIO. The calls of
/// the process are told so by `strace`; nothing is written. Needs root.
enum BadDisk {
    private static let calls = "pwrite64,fsync,fdatasync,ftruncate"

    /// Gives a process a bad disk for a while.
    static func give(to process: pid_t, for time: Duration) async throws {
        let tracer = try PawlProcess(
            [
                "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)", "-e", "inject=\(calls):error=EIO",
                "-p", "\(process)",
            ], program: "/usr/bin/strace")
        try await Task.sleep(for: time)
        tracer.signal(SIGTERM)
        // It ends of that signal when it has let the process go.
        let ending = await tracer.ended()
        #expect(ending == .killed(signal: SIGTERM), "strace: \(tracer.output)")
    }
}
