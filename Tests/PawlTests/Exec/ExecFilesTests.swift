import Foundation
import PipelineModel
import Testing

@testable import pawl

@Suite("Files of a run")
struct ExecFilesTests {
    @Test("every job has a file name of its own, whatever it is called")
    func fileNames() {
        let jobs = ["test", "Test", "train 1/3", "train 1_3", "../../etc", ".gitignore", "", "-rf", "a", "a.log", "ü"]
        let names = ExecFolder.fileNames(for: jobs)
        let all = jobs.compactMap { names[$0] }
        #expect(Set((all + all.map { $0 + ".log" }).map { $0.lowercased() }).count == 2 * jobs.count)
        #expect(all.allSatisfy { !$0.contains("/") && !$0.hasPrefix(".") && !$0.hasPrefix("-") && !$0.isEmpty })
        #expect(names["test"] == "test")
    }

    @Test("nothing is written through a link that the repository has in the folder's place")
    func linkedFolder() throws {
        let root = NSTemporaryDirectory() + "pawl-exec-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: root) }
        try FileManager.default.createDirectory(atPath: root + "/elsewhere", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: root + "/.pawl", withDestinationPath: "elsewhere")
        #expect(throws: CommandFailure.self) { try ExecFolder(in: root, jobs: ["test"]) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/elsewhere").isEmpty)
    }

    @Test("what an earlier run of the same jobs left is taken away, that of other jobs stays, and git sees nothing")
    func freshFolder() throws {
        let root = NSTemporaryDirectory() + "pawl-exec-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: root) }
        let first = try ExecFolder(in: root, jobs: ["test", "train"])
        for job in ["test", "train"] { try Data("old".utf8).write(to: URL(fileURLWithPath: first.log(of: job))) }
        let second = try ExecFolder(in: root, jobs: ["test"])
        #expect(!FileManager.default.fileExists(atPath: second.log(of: "test")))
        #expect(FileManager.default.fileExists(atPath: first.log(of: "train")))
        #expect(try String(contentsOfFile: second.path + "/.gitignore", encoding: .utf8) == "*\n")
    }

    @Test("a file of secrets is read line by line, and the last of two values counts")
    func secrets() throws {
        let text = "# tokens\n\nexport TOKEN=\"a b\"\nKEY='x=y'\r\nPLAIN=1\nEMPTY=\nPLAIN= 2\n"
        let values = try ExecSecrets.parse(text, file: "secrets.env")
        #expect(values.map(\.name) == ["TOKEN", "KEY", "PLAIN"])
        #expect(values.map(\.value.revealed) == ["a b", "x=y", " 2"])
    }

    @Test("a line that is no variable is named by its number, and not repeated")
    func wrongSecret() throws {
        let error = #expect(throws: CommandFailure.self) {
            try ExecSecrets.parse("A=1\nhunter2-is-my-password\n", file: "secrets.env")
        }
        #expect(error?.message == "secrets.env:2 is no variable: write NAME=value")
    }

    @Test("the end of a log is shown without colours and without what moves a cursor")
    func tail() {
        let log = (1...30).map { "\u{1B}[32;1mline \($0)\u{1B}[0m\u{8}" }.joined(separator: "\n") + "\n"
        let lines = LogTail.lines(of: Array(log.utf8), count: 20)
        #expect(lines.count == 20)
        #expect(lines.last?.trimmingSpaces == "line 30")
    }

    @Test(
        "a repository is called as on its forge, without the login of its address",
        arguments: [
            ("https://mira:secret@git.example.com/ml/churn.git", "ml/churn"),
            ("git@git.example.com:ml/churn.git", "ml/churn"), ("ssh://git@host:2222/ml/churn", "ml/churn"),
            ("/srv/git/churn.git", "churn"), ("", "checkout-folder"),
        ])
    func repositoryName(remote: String, name: String) {
        #expect(ExecPlanning.name(of: remote.isEmpty ? nil : remote, root: "/home/mira/checkout-folder") == name)
    }

    @Test("the engine is the one that was named, else the one Docker's own commands use")
    func engineSocket() {
        let environment = ["DOCKER_HOST": "unix:///run/user/1000/docker.sock"]
        #expect(EngineSocket.path(named: "/a.sock", environment: environment) == "/a.sock")
        #expect(EngineSocket.path(named: nil, environment: environment) == "/run/user/1000/docker.sock")
        #expect(EngineSocket.path(named: nil, environment: ["DOCKER_HOST": "tcp://x"]) == "/var/run/docker.sock")
    }
}
