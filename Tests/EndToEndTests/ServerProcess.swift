import Foundation
import NIOConcurrencyHelpers

/// `pawl serve` as a process of its own.
///
/// A shell stands between it and the tests and waits for the end of a pipe that only the test process holds. However
/// the tests end, the pipe ends with them: then the shell stops the server and removes its folder.
final class ServerProcess: Sendable {
    /// What it has written so far.
    var log: String { String(decoding: state.withLockedValue { $0.written }, as: UTF8.self) }
    /// The process id of the server itself.
    var pid: Int32 { state.withLockedValue { $0.pid } }

    private struct State {
        var written: [UInt8] = []
        var pid: Int32 = 0
    }

    private let state = NIOLockedValueBox(State())
    private let lifeline: Pipe

    private static let script = """
        exec 3<&0
        "$1" serve --config "$2" </dev/null &
        server=$!
        echo "pid $server" >&2
        cat <&3 >/dev/null
        kill -TERM "$server" 2>/dev/null
        wait "$server"
        rm -rf "$3"
        """

    /// Starts a server and returns when it takes connections.
    init(binary: String, config: String, folder: String, environment: [String: String]) async throws {
        let (lines, report) = AsyncStream.makeStream(of: String.self)
        let output = Pipe()
        lifeline = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", Self.script, "sh", binary, config, folder]
        process.environment = environment
        process.standardInput = lifeline
        process.standardError = output
        process.standardOutput = output
        let state = state
        // Where the server's own log is kept for a person to read; without it, it goes with the server.
        let kept = ProcessInfo.processInfo.environment["PAWL_SERVER_LOGS"].flatMap { logs in
            let path = "\(logs)/\(URL(filePath: folder).lastPathComponent).log"
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            return FileHandle(forWritingAtPath: path)
        }
        output.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            guard !data.isEmpty else {
                handle.readabilityHandler = nil
                return report.finish()
            }
            state.withLockedValue { $0.written += data }
            try? kept?.write(contentsOf: data)
            for line in String(decoding: data, as: UTF8.self).split(separator: "\n") { report.yield(String(line)) }
        }
        try process.run()
        for await line in lines {
            if line.hasPrefix("pid "), let pid = Int32(line.dropFirst(4)) { state.withLockedValue { $0.pid = pid } }
            if line.contains("listening") { return }
            if line.hasPrefix("pawl: ") { throw SiteError("the server did not start: \(line)") }
        }
        throw SiteError("the server ended before it listened")
    }
}

/// What a scenario needs and is not there.
struct SiteError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
