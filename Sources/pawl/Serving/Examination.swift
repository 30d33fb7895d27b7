import Executors
import Foundation
import HTTPTransport
import PipelineModel
import Server
import Store

/// Looks at the machine the server is on, for `pawl doctor`.
struct Examination: Sendable {
    let folder: DataFolder
    let store: Store
    let engine: DockerEngine
    /// What runs jobs on this machine; nil where only runners on others do.
    let executor: FencedExecutor?
    let networks: IPv4Range
    let lowWater: ByteCount
    /// The address that forges and people are given; nil where there is none.
    let url: String?
    let sender: any HTTPSender
    let now: @Sendable () -> Timestamp

    /// What was found, in the order people read it.
    func checks() async -> [CheckView] {
        async let engine = engineCheck()
        async let fence = fenceCheck()
        async let inbox = inboxCheck()
        async let outbox = outboxCheck()
        async let outside = outsideCheck()
        async let backup = backupCheck()
        return [dataCheck(), await engine, await fence, await inbox, await outbox, await outside, await backup]
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
        guard let executor else { return CheckView("fence", .good, "no job runs on this machine") }
        return switch await executor.fenceState() {
        case .up: CheckView("fence", .good, "jobs in \(networks) reach neither this host nor link-local addresses")
        case .down:
            CheckView(
                "fence", .attention, "it does not stay up: jobs may reach this host",
                helps: [HelpView("iptables -S", "see what takes it away")])
        case .unavailable(let reason):
            CheckView(
                "fence", .attention, reason,
                helps: [HelpView("docs/security.md", "what jobs may reach without it")])
        case .failed(let reason):
            CheckView(
                "fence", .attention, "jobs may reach this host: \(reason)",
                helps: [
                    HelpView("iptables -S", "see what stands"),
                    HelpView("runner.allow-unfenced: true", "start jobs all the same"),
                ])
        }
    }

    /// Deliveries that wait: how many, and why.
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

    /// How long a message may be owed before a person should know. What a forge takes, it takes within seconds.
    private static let patience = Duration.minutes(10)

    /// Statuses that forges should have by now: what is owed for long, what was given up, and why.
    private func outboxCheck() async -> CheckView {
        do {
            let backlog = try await store.outboxBacklog()
            let owedFor = backlog.owed.since.map { now() - $0 } ?? .zero
            var troubles: [String] = []
            if backlog.failed.count > 0 {
                troubles.append("\(backlog.failed.count) statuses given up: \(backlog.failed.lastError ?? "no reason")")
            }
            if owedFor >= Self.patience {
                let reason = backlog.owed.lastError ?? "not tried yet"
                troubles.append("\(backlog.owed.count) owed, the oldest for \(owedFor.text): \(reason)")
            }
            guard !troubles.isEmpty else { return CheckView("outbox", .good, "forges were told all they are owed") }
            return CheckView(
                "outbox", .attention, troubles.joined(separator: "; "),
                helps: [
                    HelpView("pawl outbox", "see them"), HelpView("pawl outbox --retry", "try them again now"),
                ])
        } catch {
            return CheckView("outbox", .bad, "\(error)")
        }
    }

    /// Whether the address that forges are given leads here, as far as this machine can tell.
    private func outsideCheck() async -> CheckView {
        guard let url else {
            return CheckView(
                "outside", .attention,
                "server.url is not set: statuses have no links, and no forge can be given a webhook",
                helps: [HelpView("pawl init --explain", "every setting with its meaning")])
        }
        do {
            let answer = try await sender.send(
                HTTPRequest("GET", url + "/api/health", headerTimeout: .seconds(5), idleTimeout: .seconds(5)))
            _ = try await answer.collect(upTo: 64 << 10)
            guard answer.status == 200 else {
                return CheckView("outside", .bad, "\(url) answers \(answer.status): something else is there")
            }
            return CheckView(
                "outside", .good, "\(url) answers from here; a forge's view is checked when a repository is added")
        } catch {
            return CheckView(
                "outside", .attention, "\(url) does not answer from here: \(error)",
                helps: [HelpView("curl \(url)/api/health", "from another machine: only that counts for a forge")])
        }
    }

    /// A copy older than this is worth a word.
    private static let backupAge = Duration.days(7)

    private func backupCheck() async -> CheckView {
        let help = HelpView(
            "pawl backup --to FILE", "a consistent copy while the server runs; keep the sealing key apart")
        do {
            guard let last = try await store.auditEntries(of: AuditEntry.backupAction, limit: 1).first else {
                return CheckView("backup", .attention, "none yet", helps: [help])
            }
            let age = now() - last.at
            let text = "the last \(age.text) ago, \(last.detail ?? "of unknown size"), by \(last.by)"
            guard age >= Self.backupAge else { return CheckView("backup", .good, text) }
            return CheckView("backup", .attention, text, helps: [help])
        } catch {
            return CheckView("backup", .bad, "\(error)")
        }
    }
}
