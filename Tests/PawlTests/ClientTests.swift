import ArgumentParser
import Foundation
import HTTPTransport
import PipelineModel
import Server
import Testing

@testable import pawl

@Suite struct ClientTests {
    @Test(
        "a name means a pipeline, a job of one, or a job of HEAD's newest",
        arguments: [
            ("128", 128, nil), ("#128", 128, nil), ("128/train", 128, "train"), ("128/train 1/3", 128, "train 1/3"),
            ("train", nil, "train"), ("lint/fast", nil, "lint/fast"), ("128/", 128, nil), ("", nil, nil),
            ("99999999999999999999", nil, "99999999999999999999"),
        ] as [(String, Int64?, String?)])
    func names(_ text: String, _ pipeline: Int64?, _ job: String?) {
        let name = JobName(text)
        #expect(name.pipeline?.rawValue == pipeline && name.job == job)
    }

    @Test("the client file's token goes to the client file's server and to no other")
    func settings() throws {
        let folder = try TestFolder()
        let path = folder.path + "/client.json"
        try Data(#"{"server":"https://pawl.example.com/","token":"pawl_file"}"#.utf8)
            .write(to: URL(fileURLWithPath: path))
        let environment = ["PAWL_CLIENT_FILE": path]
        let own = try ClientSettings.find(server: nil, environment: environment)
        #expect(own.server == "https://pawl.example.com" && own.token.revealed == "pawl_file")
        #expect(throws: CommandFailure.self) {
            try ClientSettings.find(server: "https://other.example.com", environment: environment)
        }
        let both = environment.merging(["PAWL_TOKEN": "pawl_env", "PAWL_SERVER": "http://localhost:1"]) { $1 }
        let given = try ClientSettings.find(server: nil, environment: both)
        #expect(given.server == "http://localhost:1" && given.token.revealed == "pawl_env")
    }

    @Test(
        "a refusal ends the command with the status the look gives it",
        arguments: [
            (401, "unauthorized", CommandFailure.Status.refused), (403, "forbidden", .refused),
            (409, "refused", .refused), (404, "not_found", .usage), (400, "invalid", .usage),
            (503, "unavailable", .unreached), (500, "internal", .failed),
        ])
    func refusals(_ status: Int, _ code: String, _ expected: CommandFailure.Status) async throws {
        let client = APIClient(
            settings: ClientSettings(server: "http://pawl", token: Redacted("t")),
            sender: Answering(status: status, body: #"{"error":{"code":"\#(code)","message":"no\u0007.  pawl list"}}"#))
        let failure = await #expect(throws: CommandFailure.self) {
            let _: VersionView = try await client.get("/api/version")
        }
        #expect(failure?.status == expected && failure?.message == "no .  pawl list")
    }

    @Test("a server that is not there is told in one line")
    func unreached() async throws {
        let client = APIClient(
            settings: ClientSettings(server: "http://127.0.0.1:1", token: Redacted("t")), sender: HTTPClient())
        let failure = await #expect(throws: CommandFailure.self) {
            let _: VersionView = try await client.get("/api/version")
        }
        #expect(failure?.status == .unreached)
        #expect(failure?.message == "no server at http://127.0.0.1:1 (connection refused).  systemctl status pawl")
    }

    @Test("HEAD is read from git's own files, wherever in the checkout one stands")
    func head() throws {
        let folder = try TestFolder()
        let commit = "7fd1a60000000000000000000000000000000000"
        try folder.write(".git/HEAD", "ref: refs/heads/lr/warmup\n")
        try folder.write("src/deep/file", "")
        #expect(try CheckoutHead.commit(in: folder.path) == nil)
        try folder.write(".git/packed-refs", "# pack-refs\n\(commit) refs/heads/lr/warmup\n")
        #expect(try CheckoutHead.commit(in: folder.path + "/src/deep") == commit)
        try folder.write(".git/refs/heads/lr/warmup", String(commit.reversed()) + "\n")
        #expect(try CheckoutHead.commit(in: folder.path) == String(commit.reversed()))
        #expect(CheckoutHead.branch(in: folder.path) == "lr/warmup")
        try folder.write(".git/HEAD", "../../etc/passwd\n")
        #expect(try CheckoutHead.commit(in: folder.path) == nil)
    }

    @Test("lint reads includes from disk and reports every mistake; plan shows what waits for what")
    func lint() throws {
        let folder = try TestFolder()
        try folder.write(".git/HEAD", "ref: refs/heads/main\n")
        try folder.write(".pawl.yml", "include: ci/jobs.yml\ntrain:\n  needs: [tst]\n  script: x\n")
        try folder.write("ci/jobs.yml", "test:\n  script: echo\n  nonsense: 1\n")
        let event = try EventOptions.parse([])
        let view = LintView(try Checkout(folder: folder.path + "/ci").plan(event), file: ".pawl.yml")
        #expect(view.errors == 2)
        #expect(Set(view.diagnostics.compactMap(\.place?.file)) == [".pawl.yml", "ci/jobs.yml"])
        try folder.write(".pawl.yml", "test:\n  script: x\ntrain:\n  needs: [test]\n  script: x\n")
        guard case .planned(let plan) = try Checkout(folder: folder.path).plan(event) else {
            Issue.record("not planned")
            return
        }
        let lines = PlanRendering.lines(plan, file: ".pawl.yml", event: "a push to main", on: .plain())
        #expect(lines[0] == ".pawl.yml for a push to main: 2 jobs")
        #expect(lines[3].hasPrefix("    train") && lines[3].contains("needs test"))
    }

    @Test(
        "wrong usage ends with 2 and a guess, help with 0",
        arguments: [
            (["shw"], CommandFailure.Status.usage), (["retry", "--nonsense"], .usage), (["--help"], .done),
            (["show", "--help"], .done), (["logs"], .usage), (["repo", "set", "x", "--job-statuses", "y"], .usage),
        ])
    func usage(_ arguments: [String], _ expected: CommandFailure.Status) async {
        #expect(await Pawl.run(arguments: arguments) == expected)
    }

    @Test(
        "wrong usage is told in one line that ends with the command that explains it",
        arguments: [
            (["retry", "--nonsense"], "Unknown option '--nonsense'.  pawl retry --help"),
            (["secret", "set", "churn"], "Missing expected argument '<name>'.  pawl secret set --help"),
            (["init"], "--data is missing.  pawl init --data /var/lib/pawl"),
        ])
    func usageLine(_ arguments: [String], _ expected: String) {
        let error = #expect(throws: (any Error).self) { try Pawl.parseAsRoot(arguments) }
        if let error { #expect(Pawl.usageLine(for: error) == expected) }
    }

    @Test("every command's help has an example, and no line that a terminal would break")
    func help() {
        func check(_ command: any ParsableCommand.Type) {
            let children =
                command.configuration.subcommands + command.configuration.groupedSubcommands.flatMap(\.subcommands)
            let name = command.configuration.commandName ?? "\(command)"
            if command != Pawl.self { #expect(command.configuration.discussion.contains("Example"), "\(name)") }
            let help = Pawl.helpMessage(for: command, columns: 100)
            let widest = help.split(separator: "\n").map(\.columns).max() ?? 0
            #expect(widest <= 100, "\(name)")
            for child in children { check(child) }
        }
        check(Pawl.self)
    }
}

/// Answers every request alike.
struct Answering: HTTPSender {
    var status: Int
    var body: String

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let bytes = Array(body.utf8)
        return HTTPResponse(
            status: status, headers: HTTPHeaders(),
            body: AsyncThrowingStream { continuation in
                continuation.yield(bytes)
                continuation.finish()
            })
    }
}

/// A folder that goes with the test.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "pawl-client-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ file: String, _ text: String) throws {
        let place = URL(fileURLWithPath: path + "/" + file)
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: place)
    }
}
