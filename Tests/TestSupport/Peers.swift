import Foundation
import Subprocess

/// A Python with SciPy, TensorBoard and MLflow's client: `PAWL_PEERS`, else what `scripts/peers` has installed.
public enum Peers {
    /// Where it is, or would be.
    public static let python: String = {
        let environment = ProcessInfo.processInfo.environment
        if let named = environment["PAWL_PEERS"] { return named }
        let cache =
            environment["PAWL_CACHE"] ?? (environment["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache") + "/pawl"
        return cache + "/peers/bin/python3"
    }()

    /// Whether it is there.
    public static let isThere = FileManager.default.isExecutableFile(atPath: python)

    /// Why a suite that needs it is skipped.
    public static let absence: String = "needs SciPy, TensorBoard and MLflow's client: scripts/peers"

    /// A script that did not end well, and what it said.
    public struct Failure: Error, CustomStringConvertible {
        /// What it wrote to its standard error.
        public var description: String
    }

    /// Runs a script, with a value as JSON on its standard input, and reads what it prints as JSON.
    public static func run<Answer: Decodable>(
        _ script: String, with question: some Encodable & Sendable, as: Answer.Type = Answer.self
    ) async throws -> Answer {
        let result = try await Subprocess.run(
            .path(.init(python)), arguments: ["-c", script],
            input: .string(String(decoding: try JSONEncoder().encode(question), as: UTF8.self)),
            output: .string(limit: 16 << 20), error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else { throw Failure(description: result.standardError) }
        return try JSONDecoder().decode(Answer.self, from: Data(result.standardOutput.utf8))
    }
}
