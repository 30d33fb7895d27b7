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

    private let process = Process()
    private let ending: Task<Ending, Never>
    private let lines: AsyncStream<String>
    private let text = NIOLockedValueBox("")

    /// Starts it. Nothing named `PAWL_…` of this process's own environment reaches it.
    init(_ arguments: [String], environment: [String: String] = [:], input: FileHandle = .nullDevice) throws {
        let (endings, end) = AsyncStream.makeStream(of: Ending.self)
        process.executableURL = URL(fileURLWithPath: Self.binary)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PAWL_") }
            .merging(environment) { $1 }
        process.standardInput = input
        process.terminationHandler = { process in
            let isSignal = process.terminationReason == .uncaughtSignal
            end.yield(isSignal ? .killed(signal: process.terminationStatus) : .exited(process.terminationStatus))
            end.finish()
        }
        ending = Task {
            for await ending in endings { return ending }
            return .exited(-1)
        }
        let (lines, arrival) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        let text = text
        let rest = NIOLockedValueBox<[UInt8]>([])
        output.fileHandleForReading.readabilityHandler = { handle in
            let bytes = handle.availableData
            guard !bytes.isEmpty else {
                handle.readabilityHandler = nil
                return arrival.finish()
            }
            text.withLockedValue { $0 += String(decoding: bytes, as: UTF8.self) }
            let whole = rest.withLockedValue { rest -> [ArraySlice<UInt8>] in
                let parts = (rest + bytes).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                rest = Array(parts.last ?? [])
                return parts.dropLast()
            }
            for line in whole { arrival.yield(String(decoding: line, as: UTF8.self)) }
        }
        try process.run()
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

    /// Sends a signal; nothing where it has ended.
    func signal(_ signal: Int32) { if process.isRunning { kill(process.processIdentifier, signal) } }

    /// A process did not say what it was to say.
    struct Silence: Error {
        var words: String
        var output: String
    }
}
