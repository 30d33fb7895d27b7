import Foundation
import JobLogs
import PipelineModel
import Store

/// Copies the logs of attempts into files as they come, and remembers each job's last line.
actor ExecLogs {
    private struct Copy {
        var job: String
        var file: FileHandle
        var offset: Int64 = 0
    }

    private let store: Store
    private let folder: ExecFolder
    private var copies: [AttemptID: Copy] = [:]
    private var lastLines: [String: LastLine] = [:]

    init(store: Store, folder: ExecFolder) {
        self.store = store
        self.folder = folder
    }

    /// What each job has said last.
    var tails: [String: String] { lastLines.compactMapValues(\.text) }

    /// Begins to copy an attempt's log behind those of the job's earlier attempts.
    /// - Returns: whether it is a new one, to be followed.
    func begin(_ attempt: AttemptID, of job: String) throws -> Bool {
        guard copies[attempt] == nil else { return false }
        let path = folder.log(of: job)
        let isThere = FileManager.default.fileExists(atPath: path)
        guard isThere || FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw CommandFailure(.failed, "\(path.printable) cannot be written") }
        try file.seekToEnd()
        copies[attempt] = Copy(job: job, file: file)
        lastLines[job] = LastLine()
        return true
    }

    /// Copies until the attempt has ended or the task is cancelled.
    func follow(_ attempt: AttemptID) async throws {
        let signal = store.logSignal(of: attempt)
        while !Task.isCancelled {
            let seen = signal.count
            if try await copy(attempt) { return }
            await signal.wait(after: seen)
        }
    }

    /// Copies what is left, when nobody follows any more.
    func finish() async throws {
        for attempt in copies.keys.sorted() {
            _ = try await copy(attempt)
            try copies[attempt]?.file.close()
        }
        copies = [:]
    }

    /// Copies all that is stored now.
    /// - Returns: whether there will be no more.
    private func copy(_ attempt: AttemptID) async throws -> Bool {
        while let offset = copies[attempt]?.offset {
            let chunk = try await store.readLog(of: attempt, from: offset)
            guard var copy = copies[attempt] else { return true }
            try copy.file.write(contentsOf: Data(chunk.bytes))
            copy.offset += Int64(chunk.bytes.count)
            copies[attempt] = copy
            lastLines[copy.job, default: LastLine()].push(chunk.bytes)
            if chunk.isLast { return true }
            if chunk.bytes.isEmpty { return false }
        }
        return true
    }
}
