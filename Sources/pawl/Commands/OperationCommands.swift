import ArgumentParser
import Foundation
import PipelineModel
import Server

/// `pawl deliveries`
struct DeliveriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliveries", abstract: "List webhook requests and what became of them.",
        discussion: "Example: pawl deliveries churn    pawl deliveries --replay d17")

    @Argument(help: "Only this repository's.")
    var repository: String?

    @Option(help: ArgumentHelp("Run the intake of this delivery again.", valueName: "d17"))
    var replay: String?

    @Option(help: "How many, 1 to 500.")
    var limit = 20

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        guard let replay else {
            let view: DeliveryListView = try await client.get(
                "/api/deliveries", ["repository": repository, "limit": String(limit)])
            return try options.show(view) { ListRendering.deliveries(view.deliveries, on: $0, now: .now) }
        }
        guard let number = Int64(replay.hasPrefix("d") ? String(replay.dropFirst()) : replay) else {
            throw CommandFailure(.usage, "\"\(replay.printable)\" is no delivery: write d17.  pawl deliveries")
        }
        let view: DeliveryView = try await client.change("POST", "/api/deliveries/\(number)/replay")
        try options.show(view) { _ in ["d\(view.id) runs again.  pawl deliveries"] }
    }
}

/// `pawl outbox`
struct OutboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox", abstract: "List what forges were told, or are still owed.",
        discussion: "Example: pawl outbox 128    pawl outbox 128 --retry")

    @Argument(help: "A pipeline, such as 128; without one, the newest of all.")
    var pipeline: String?

    @Flag(help: "Tell the forge again what it did not take, and at once what waits.")
    var retry = false

    @Option(help: "How many, 1 to 1000.")
    var limit = 50

    @OptionGroup var options: ClientOptions

    func run() async throws {
        var number: String?
        if let pipeline {
            guard let id = JobName(pipeline).pipeline else {
                throw CommandFailure(.usage, "\"\(pipeline.printable)\" is no pipeline: write its number.  pawl list")
            }
            number = String(id.rawValue)
        }
        guard !retry else {
            let view: MessageListView = try await options.client().change(
                "POST", "/api/outbox/retry", ["pipeline": number])
            return try options.show(view) { terminal in
                view.messages.isEmpty
                    ? ["nothing is owed"] : ListRendering.messages(view.messages, on: terminal, now: .now)
            }
        }
        let view: MessageListView = try await options.client().get(
            "/api/outbox", ["pipeline": number, "limit": String(limit)])
        try options.show(view) { ListRendering.messages(view.messages, on: $0, now: .now) }
    }
}

/// `pawl doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look at the server: data, engine, clock, backup.",
        discussion: "Example: pawl doctor")

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        let before = Timestamp.now
        var view: DoctorView = try await client.get("/api/doctor")
        let after = Timestamp.now
        view.checks.append(Self.clock(server: view.at, before: before, after: after))
        try options.show(view) { terminal in
            ["pawl \(view.version.printable) on \(client.settings.server.printable)", ""]
                + CheckRendering.lines(view.checks, on: terminal)
                + (view.repositories > 0
                    ? [] : ["", "  no repositories yet:  pawl repo add https://gitlab.example.com/ml/churn"])
        }
        if view.checks.contains(where: { $0.verdict == .bad }) { throw CommandFailure(.failed) }
    }

    /// Whether this machine's clock and the server's agree, as far as one exchange can tell.
    static func clock(server: Timestamp, before: Timestamp, after: Timestamp) -> CheckView {
        let off = server < before ? before - server : server > after ? server - after : .zero
        guard off >= .seconds(30) else { return CheckView("time", .good, "\(off.text) from this machine's clock") }
        return CheckView(
            "time", .attention, "\(off.text) from this machine's clock", helps: [HelpView("timedatectl", "on both")])
    }
}

extension Timestamp {
    /// The moment it is, by this machine's clock.
    static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }
}
