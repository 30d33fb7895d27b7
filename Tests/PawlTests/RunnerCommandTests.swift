import Foundation
import PipelineModel
import Server
import Testing

@testable import pawl

@Suite struct RunnerCommandTests {
    private static let runner = """
        {"id": 2, "name": "gpu2", "state": "running", "isEmbedded": false, "isEphemeral": false, "tags": ["gpu"],
         "slots": 2, "repositories": [], "protectedOnly": false, "forks": true, "version": "0.1.0",
         "engine": "Docker 24.0.7", "cpus": 64, "memory": 540094988288, "data": ["imagenet"],
         "gpus": [
           {"uuid": "GPU-5f3a1b2c-0000", "index": 0, "model": "A100", "memory": 42949672960, "driver": "550.54",
            "state": "set_aside", "reason": "Xid 79, fell off the bus", "since": 1000},
           {"uuid": "GPU-91c0aaaa-0000", "index": 1, "model": "A100", "memory": 42949672960, "driver": "550.54",
            "state": "busy", "job": "128/train"}],
         "running": [{"pipeline": 128, "job": "train", "since": 1000, "gpus": [1]}],
         "joinedAt": 0, "seenAt": 1000}
        """

    private func view() throws -> RunnerView {
        try JSONDecoder().decode(RunnerView.self, from: Data(Self.runner.utf8))
    }

    @Test("a list has the name first, then what the runner does, its tags, its devices and its jobs")
    func list() throws {
        let lines = RunnerRendering.list([try view()], on: .plain(), now: Timestamp(milliseconds: 2_000))
        #expect(
            lines == ["  gpu2  ● 1 running  gpu  2 × A100 40 GiB: 1 busy, 1 set aside  0.1.0  128/train"])
    }

    @Test("a runner is shown with each device and why a job cannot have it, and with what helps")
    func shown() throws {
        let lines = RunnerRendering.runner(try view(), on: .plain(), now: Timestamp(milliseconds: 61_000))
        #expect(lines.first == "gpu2  ● 1 running")
        #expect(lines.contains { $0.contains("Docker 24.0.7, 64 CPUs, 503 GiB, 2 slots, pawl 0.1.0") })
        #expect(lines.contains { $0.contains("GPU 0") && $0.contains("A100 40 GiB, GPU-5f3a…, driver 550.54") })
        #expect(lines.contains { $0.contains("GPU-5f3a…") && $0.contains("! set aside since") })
        #expect(lines.contains { $0.hasSuffix("  Xid 79, fell off the bus") })
        #expect(lines.contains { $0.contains("128/train, 1m 00s, GPU 1") })
        #expect(lines.last == "  when a card was looked after:  pawl runner check gpu2")
    }

    @Test("a token comes with the line to type on the machine")
    func token() {
        let view = try? JSONDecoder().decode(
            JoinTokenView.self, from: Data(#"{"token": "pjt_x.y", "expiresAt": 0}"#.utf8))
        let lines = view.map { RunnerRendering.token($0, server: "https://pawl.example.com") } ?? []
        #expect(lines.last == "  curl -fsSO https://pawl.example.com/join && sh join pjt_x.y")
    }

    @Test(
        "one GPU of a runner is named with a colon",
        arguments: [("gpu2", "gpu2", nil), ("gpu2:0", "gpu2", "0"), ("rack:gpu", "rack:gpu", nil)]
            as [(String, String, String?)])
    func device(text: String, name: String, index: String?) {
        let parts = RunnerCommand.Check.parts(text)
        #expect(parts.name == name)
        #expect(parts.index == index)
    }

    @Test(
        "time spans have a number and a unit", arguments: [("30m", 1_800), ("1h", 3_600), ("7d", 604_800), ("90s", 90)])
    func spans(text: String, seconds: Int64) {
        #expect(TimeSpan(argument: text)?.duration == .seconds(seconds))
        #expect(TimeSpan(argument: "-" + text) == nil)
        #expect(TimeSpan(argument: text + "x") == nil)
    }

    @Test("the unit in runner-config is the one that joining writes")
    func unit() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = try String(
            contentsOf: root.appendingPathComponent("runner-config/pawl-runner.service"), encoding: .utf8)
        #expect(RunnerUnit.text(program: "/usr/local/bin/pawl", config: "/etc/pawl/runner.yml") == file)
    }

    @Test("what joining writes is read again by start")
    func file() async throws {
        let folder = try TestFolder()
        let path = folder.path + "/runner.yml"
        var file = NewRunnerFile(
            runner: .init(
                server: "https://pawl.example.com", name: "gpu1", slots: 3, tags: ["gpu", "a: b"], state: folder.path,
                dockerSocket: "/run/docker.sock", networkRange: "10.9.0.0/16", declaredGPUs: nil))
        file.dataFolders = ["imagenet"]
        file.data = ["imagenet": .init(path: "/data/imagenet")]
        try Data(try file.text().utf8).write(to: URL(fileURLWithPath: path))
        let read = try await RunnerFile.read(file: path, environment: [:])
        #expect(read.server == "https://pawl.example.com")
        #expect(read.state == folder.path)
        #expect(read.runner.name == "gpu1")
        #expect(read.runner.slots == 3)
        #expect(read.runner.tags == ["gpu", "a: b"])
        #expect(read.runner.networkRange == "10.9.0.0/16")
        #expect(read.runner.data.map(\.path) == ["/data/imagenet"])
        try Data("runner: {server: 'https://x'}\nforges: [github]\n".utf8).write(to: URL(fileURLWithPath: path))
        await #expect(throws: SettingsError.self) { try await RunnerFile.read(file: path, environment: [:]) }
    }
}
