import Evaluation
import NIOConcurrencyHelpers
import PipelineModel
import Signing

/// What an attempt logs with MLflow's API, in memory for answers and on disk for whoever comes after this process.
final class MLflowBook: Sendable {
    private struct State {
        var record: MLflowRecord
        var spool: MLflowSpool
    }

    private let api: MLflowAPI
    private let now: @Sendable () -> Timestamp
    private let newID: @Sendable () -> String
    // The spool is used under the lock alone.
    private let state: NIOLockedValueBox<State>

    /// Opens the book of an attempt, which an earlier process may have begun.
    /// - Parameters:
    ///   - path: the file that has it.
    ///   - newID: makes 32 hexadecimal digits.
    /// - Throws: `RunnerError.folder` where the file cannot be read or written.
    init(
        _ api: MLflowAPI, at path: String, now: @escaping @Sendable () -> Timestamp,
        newID: @escaping @Sendable () -> String
    ) throws {
        self.api = api
        self.now = now
        self.newID = newID
        let (changes, size) = try MLflowSpool.read(path)
        var record = MLflowRecord()
        for change in changes { record.apply(change) }
        let spool = try MLflowSpool(path, size: size)
        if changes.isEmpty {
            for change in api.beginning(at: now()) {
                try spool.append(change)
                record.apply(change)
            }
        }
        state = NIOLockedValueBox(State(record: record, spool: spool))
    }

    /// What was logged, as a report; nil where nothing was. Blocks its thread.
    /// - Throws: `RunnerError.folder` where the file cannot be read.
    static func report(at path: String) throws -> MetricReport? {
        var record = MLflowRecord()
        for change in try MLflowSpool.read(path).changes { record.apply(change) }
        return record.isEmpty ? nil : record.report
    }

    /// Answers a request. What it changes is on disk before. Blocks its thread.
    func answer(_ request: MLflowRequest) -> (status: Int, body: [UInt8]) {
        let outcome = state.withLockedValue { state in
            Result { () throws(MLflowRefusal) in try answer(request, &state) }
        }
        switch outcome {
        case .success(let body): return (200, body)
        case .failure(let refusal): return (refusal.code.status, refusal.body)
        }
    }

    private func answer(_ request: MLflowRequest, _ state: inout State) throws(MLflowRefusal) -> [UInt8] {
        let reply = try api.reply(to: request, on: state.record, at: now(), newID: newID())
        if let change = reply.change {
            do {
                try state.spool.append(change)
            } catch {
                throw MLflowRefusal(.failed, "Pawl's runner could not keep it: \(error)")
            }
            state.record.apply(change)
            // What cannot be made smaller now may be the next time.
            if state.spool.isLong, let shorter = try? state.spool.replaced(with: state.record.changes) {
                state.spool = shorter
            }
        }
        return reply.body(state.record)
    }
}

extension MLflowBook {
    /// The token of one attempt; nil where the machine gives no randomness, and nothing is taken then.
    static func newToken() -> String? {
        (try? SecureRandom.bytes(32)).map { Base64.encode($0, as: .urlSafe) }
    }

    /// An id as MLflow's are.
    static func randomID() -> String { Hex.encode((0..<16).map { _ in UInt8.random(in: 0...255) }) }
}
