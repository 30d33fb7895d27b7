import Foundation
import Subprocess
import Testing

/// A Python with SciPy and TensorBoard: `PAWL_PEERS`, else what `scripts/peers` has installed.
enum Peers {
    static let python: String = {
        let environment = ProcessInfo.processInfo.environment
        if let named = environment["PAWL_PEERS"] { return named }
        let cache =
            environment["PAWL_CACHE"] ?? (environment["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache") + "/pawl"
        return cache + "/peers/bin/python3"
    }()

    static let isThere = FileManager.default.isExecutableFile(atPath: python)

    /// Runs a script, with a value as JSON on its standard input, and reads what it prints as JSON.
    static func run<Answer: Decodable>(
        _ script: String, with question: some Encodable & Sendable, as: Answer.Type = Answer.self
    ) async throws -> Answer {
        let result = try await Subprocess.run(
            .path(.init(python)), arguments: ["-c", script],
            input: .string(String(decoding: try JSONEncoder().encode(question), as: UTF8.self)),
            output: .string(limit: 16 << 20), error: .string(limit: 100_000))
        let output = result.standardOutput
        #expect(result.terminationStatus.isSuccess, "\(result.standardError)")
        return try JSONDecoder().decode(Answer.self, from: Data(output.utf8))
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips where the Python is not there.
    static var needsPeers: Self { .enabled(if: Peers.isThere, "needs SciPy and TensorBoard: scripts/peers") }
}
