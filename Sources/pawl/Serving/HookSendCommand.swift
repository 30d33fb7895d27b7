import ArgumentParser
import Forges
import Foundation
import GitRepositories
import HTTPTransport
import PipelineModel

/// `pawl hook send`: what the post-receive hook runs. Signs and sends an event for each ref that was pushed.
///
/// It never makes a push fail. What does not arrive, the server finds by itself: it compares the branches with what it
/// was told.
struct HookSendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Tell the server of pushed refs; the post-receive hook runs this.",
        discussion: "Example, in a hook: pawl hook send \"$PWD\"", shouldDisplay: false)

    @Argument(help: "The bare repository.")
    var repository: String

    /// How many refs of one push are told of. A push of more is a mirror being moved, not work.
    private static let limit = 20

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard BareRepositoryHook.isReadable(in: repository) else {
            return Output.complaint(
                "pawl: this account may not read the hook's secret, so the server is not told at once; it will find the "
                    + "push by itself. Give the file to the accounts that push: pawl hook install --help")
        }
        guard let hook = try BareRepositoryHook.read(from: repository) else {
            return Output.complaint("pawl: the hook is not set up.  pawl hook install \(repository)")
        }
        var lines: [String] = []
        while let line = readLine() { lines.append(line) }
        if lines.count > Self.limit {
            Output.complaint("pawl: \(lines.count) refs were pushed at once; the first \(Self.limit) are told of")
        }
        let client = HTTPClient.ofEnvironment()
        defer { client.shutdown() }
        for line in lines.prefix(Self.limit) {
            let fields = line.split(separator: " ", maxSplits: 2).map(String.init)
            guard fields.count == 3 else { continue }
            var message = GitHookMessage(
                repository: try hook.reference(at: repository), ref: fields[2], before: fields[0], after: fields[1])
            message.pusher = environment["USER"] ?? environment["LOGNAME"]
            message.pushOptions = Self.pushOptions(environment)
            // What cannot be found out here, the server finds out by itself.
            message.read(try? await PushedChange(in: repository, from: fields[0], to: fields[1]))
            await Self.send(message, as: hook, through: client)
        }
    }

    private static func pushOptions(_ environment: [String: String]) -> [String] {
        let count = environment["GIT_PUSH_OPTION_COUNT"].flatMap { Int($0) } ?? 0
        return (0..<min(max(count, 0), 100)).compactMap { environment["GIT_PUSH_OPTION_\($0)"] }
    }

    private static func send(_ message: GitHookMessage, as hook: BareRepositoryHook, through client: HTTPClient) async {
        let short = message.ref.printable
        do {
            let body = message.body
            let headers = try GitHookMessage.headers(
                for: body, delivery: UUID().uuidString, secret: Redacted(hook.secret), now: .wall)
            let address = "\(hook.server)/hooks/\(hook.forge)/r\(hook.remoteID)"
            let asked = ContinuousClock.now
            let response = try await client.send(
                HTTPRequest("POST", address, headers: headers, body: .bytes(body), headerTimeout: .seconds(10)))
            let answer = String(decoding: try await response.collect(upTo: 64 << 10), as: UTF8.self)
            guard response.status == 202 else {
                return Output.complaint(
                    "pawl: \(short) was refused with \(response.status): \(answer.trimmingSpaces.printable)")
            }
            // It is answered when it is on disk, and not before.
            Output.line("pawl: \(short) is on its way, on disk after \((ContinuousClock.now - asked).text)")
        } catch {
            Output.complaint(
                "pawl: \(hook.server) was not told of \(short) (\("\(error)".printable)); it will find it by itself")
        }
    }
}

extension GitHookMessage {
    /// Takes over what the repository says of the change.
    fileprivate mutating func read(_ change: PushedChange?) {
        guard let change else { return }
        commit = change.commit
        message = change.message
        forced = change.isForced
        changedFiles = change.changedFiles
    }
}
