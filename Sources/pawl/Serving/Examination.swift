import Executors
import Foundation
import PipelineModel
import Server
import Store

/// Looks at the machine the server is on, for `pawl doctor`.
struct Examination: Sendable {
    let folder: DataFolder
    let store: Store
    let engine: DockerEngine
    let networks: IPv4Range
    let lowWater: ByteCount
    let now: @Sendable () -> Timestamp

    /// What was found, in the order people read it.
    func checks() async -> [CheckView] {
        async let engine = engineCheck()
        async let fence = fenceCheck()
        async let inbox = inboxCheck()
        return [dataCheck(), await engine, await fence, await inbox, backupCheck()]
    }

    private func dataCheck() -> CheckView {
        let free: Int64
        let took: Duration
        do {
            free = try freeDisk()
            took = try syncTime()
        } catch {
            return CheckView("data", .bad, "\(folder.path) cannot be written: \(error)")
        }
        let text = "\(folder.path), SQLite, fsync \(took.text), \(free >> 30) GB free"
        guard free >= lowWater.bytes else {
            return CheckView(
                "data", .bad, "\(text): less than runner.low-water, nothing new starts",
                helps: [HelpView("df -h \(folder.path)", "find what fills it")])
        }
        return CheckView("data", .good, text)
    }

    private func freeDisk() throws -> Int64 {
        let values = try FileManager.default.attributesOfFileSystem(forPath: folder.path)
        return (values[.systemFreeSize] as? NSNumber)?.int64Value ?? 0
    }

    /// How long the disk takes to promise that 4 KiB are safe.
    private func syncTime() throws -> Duration {
        let path = folder.path + "/.fsync"
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw CocoaError(.fileWriteUnknown) }
        defer {
            try? file.close()
            try? FileManager.default.removeItem(atPath: path)
        }
        return try ContinuousClock().measure {
            try file.write(contentsOf: Data(repeating: 0, count: 4_096))
            try file.synchronize()
        }
    }

    private func engineCheck() async -> CheckView {
        do {
            let version = try await engine.version()
            return CheckView(
                "engine", .good,
                "\(version.isPodman ? "Podman" : "Docker") \(version.engine), API \(version.api), \(engine.socket)")
        } catch {
            return CheckView(
                "engine", .bad, "\(error)", helps: [HelpView("systemctl status docker", "see whether it runs")])
        }
    }

    private func fenceCheck() async -> CheckView {
        switch await NetworkFence(networks: networks).state() {
        case .up: CheckView("fence", .good, "jobs in \(networks) reach neither this host nor link-local addresses")
        case let state: CheckView("fence", .attention, "jobs may reach this host: \(state)")
        }
    }

    /// Deliveries that wait and messages that are owed: what is late, and why.
    private func inboxCheck() async -> CheckView {
        do {
            let waiting = try await store.openDeliveries(now: now())
            guard let oldest = waiting.first else { return CheckView("inbox", .good, "no delivery waits") }
            let since = (now() - oldest.receivedAt).text
            return CheckView(
                "inbox", .attention,
                "\(waiting.count) deliveries wait, the oldest for \(since): \(oldest.reason ?? "new")",
                helps: [HelpView("pawl deliveries", "see them all")])
        } catch {
            return CheckView("inbox", .bad, "\(error)")
        }
    }

    private func backupCheck() -> CheckView {
        CheckView(
            "backup", .attention, "take one now and then; the sealing key is not in it",
            helps: [HelpView("pawl backup --to FILE", "a consistent copy while the server runs")])
    }
}
