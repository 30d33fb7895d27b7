import Foundation
import TestSupport
import Testing

/// Runners that are processes of their own, a server that has none inside, and a real engine.
@Suite("a pool of runners", .needsDocker, .needsRoot, .timeLimit(.minutes(10)))
struct RunnerPoolTests {
    /// A folder that jobs see as `/data/meeting`: they wait there until a test lets them go on.
    private struct Meeting {
        let path: String

        init(on site: Site, _ name: String) throws {
            path = "\(site.folder)/meeting-\(name)"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        func letGo() throws { try Data().write(to: URL(filePath: path + "/go")) }
    }

    /// Says where it is and which GPU is its own, and goes on when it may.
    private static let waits = """
        echo "mine is $PAWL_GPUS on $CI_RUNNER_DESCRIPTION"; until [ -e /data/meeting/go ]; do sleep 0.1; done
        """

    private func token(_ site: Site, tag: String, _ more: String...) async throws -> String {
        let outcome = try await site.pawl(["runner", "token", "--tags", tag, "--for", "1h", "--json"] + more)
        guard outcome.status == 0 else { throw SiteError("pawl runner token: \(outcome.errors)") }
        return try JSONDecoder().decode(ShownJoinToken.self, from: Data(outcome.output.utf8)).token
    }

    private func runner(_ name: String, of site: Site) async throws -> ShownRunners.Runner {
        let list = try await site.pawl("runner", "list", as: ShownRunners.self)
        return try #require(list.runners.first { $0.name == name })
    }

    @Test("jobs that ask for a GPU run on two machines, each with a device of its own, and artifacts go between them")
    func gpus() async throws {
        let site = try await Site.withoutRunner()
        let meeting = try Meeting(on: site, "gpus")
        let token = try await token(site, tag: "pair")
        let data = [(name: "meeting", path: meeting.path)]
        let first = try await RunnerProcess(
            "pair1", on: site, token: token, networks: "10.221.0.0/16", gpus: ["GPU-one"], data: data)
        let second = try await RunnerProcess(
            "pair2", on: site, token: token, networks: "10.222.0.0/16", gpus: ["GPU-two"], data: data)
        let project = try await Project("pool/gpus", on: site)
        let commit = try await project.push([
            ".pawl.yml": """
            default: {tags: [pair]}
            stages: [train, evaluate]
            train:
              stage: train
              parallel: 2
              script:
                - |
                  \(Self.waits)
                - mkdir -p out
                - echo "$PAWL_GPUS" > "out/gpu-$CI_NODE_INDEX"
                - test "$NVIDIA_VISIBLE_DEVICES" = "$PAWL_GPUS"
              artifacts: {paths: [out/]}
              ml: {gpus: 1, gpu_memory: 20GiB, data: meeting}
            evaluate:
              stage: evaluate
              script: ['echo "used $(sort out/gpu-1 out/gpu-2 | tr "\\n" " ")"', 'test -z "$PAWL_GPUS"']
            """
        ])
        try await project.told(.pending, "pawl/push", on: commit)
        let pipeline = try project.pipeline(of: commit)
        async let one = site.log(of: "\(pipeline)/train 1/2", until: "mine is GPU-")
        async let two = site.log(of: "\(pipeline)/train 2/2", until: "mine is GPU-")
        let logs = try await one + two
        #expect(logs.contains("mine is GPU-one on pair1"))
        #expect(logs.contains("mine is GPU-two on pair2"))
        let busy = try await runner("pair1", of: site)
        #expect(busy.state == "running")
        #expect(busy.gpus.map(\.state) == ["busy"])
        #expect(busy.data == ["meeting"])
        try meeting.letGo()
        let ended = try await project.ended(commit)
        #expect(ended["pawl/push"] == .success, "\(first.log.suffix(3_000))\n\(second.log.suffix(3_000))")
        #expect(try await project.log("evaluate", of: commit).contains("used GPU-one GPU-two"))
        first.signal(SIGTERM)
        second.signal(SIGTERM)
        #expect(await first.end() == 0)
        #expect(await second.end() == 0)
    }

    @Test("a job's checkout on another machine has its private submodules")
    func submodules() async throws {
        let site = try await Site.withoutRunner()
        let runner = try await RunnerProcess(
            "modules", on: site, token: try await token(site, tag: "modules"), networks: "10.228.0.0/16", gpus: [])
        try await CheckoutTests.checkOutSubmodule(on: site, tags: "[modules]")
        runner.signal(SIGTERM)
        #expect(await runner.end() == 0)
    }

    @Test(
        "a runner that is restarted in place goes on with its job, as does one that was killed and comes back in time")
    func goingOn() async throws {
        let site = try await Site.withoutRunner()
        let meeting = try Meeting(on: site, "going-on")
        let token = try await token(site, tag: "steady")
        let runner = try await RunnerProcess(
            "steady1", on: site, token: token, networks: "10.227.0.0/16", gpus: ["GPU-steady"],
            data: [(name: "meeting", path: meeting.path)])
        let project = try await Project("pool/steady", on: site)
        let commit = try await project.push([
            ".pawl.yml": """
            train:
              tags: [steady]
              script: ['\(Self.waits.replacing("\n", with: " ").trimmingCharacters(in: .whitespaces))']
              ml: {gpus: 1, data: meeting}
            """
        ])
        try await project.told(.pending, "pawl/push", on: commit)
        _ = try await site.log(of: "\(try project.pipeline(of: commit))/train", until: "mine is GPU-steady on steady1")
        try await runner.restartInPlace()
        runner.signal(SIGKILL)
        #expect(await runner.end() == 128 + SIGKILL)
        try await runner.start()
        try meeting.letGo()
        #expect(try await project.ended(commit)["pawl/push/train"] == .success)
        #expect(
            try await project.shown(commit).job("train").attempts.map(\.state) == ["passed"],
            "\(runner.log.suffix(6_000))")
        runner.signal(SIGTERM)
        #expect(await runner.end() == 0)
        #expect(try await Engine.containers(labelled: try runner.instance()) == 0)
    }

    @Test("SIGTERM lets a job end within the grace, and then the runner; a drained one ends as well")
    func drain() async throws {
        let site = try await Site.withoutRunner()
        let meeting = try Meeting(on: site, "drain")
        let token = try await token(site, tag: "leaving")
        let runner = try await RunnerProcess(
            "leaving1", on: site, token: token, networks: "10.223.0.0/16", gpus: [],
            data: [(name: "meeting", path: meeting.path)])
        let project = try await Project("pool/drain", on: site)
        let commit = try await project.push([
            ".pawl.yml": """
            train:
              tags: [leaving]
              script: ['\(Self.waits.replacing("\n", with: " ").trimmingCharacters(in: .whitespaces))']
              ml: {data: meeting}
            """
        ])
        try await project.told(.pending, "pawl/push", on: commit)
        _ = try await site.log(of: "\(try project.pipeline(of: commit))/train", until: "mine is")
        runner.signal(SIGTERM)
        try meeting.letGo()
        #expect(await runner.end() == 0)
        #expect(try await project.ended(commit)["pawl/push/train"] == .success)
        try await runner.start()
        #expect(try await site.pawl("runner", "drain", "leaving1").status == 0)
        #expect(await runner.end() == 0, "\(runner.log.suffix(2_000))")
        #expect(try await site.pawl("runner", "remove", "leaving1").status == 0)
    }

    @Test("a runner for one job has one, and ends by itself")
    func ephemeral() async throws {
        let site = try await Site.withoutRunner()
        let token = try await token(site, tag: "once", "--ephemeral")
        let project = try await Project("pool/once", on: site)
        let runner = try await RunnerProcess("once1", on: site, token: token, networks: "10.224.0.0/16", gpus: [])
        let commit = try await project.push([".pawl.yml": "job: {tags: [once], script: [echo done]}"])
        #expect(try await project.ended(commit)["pawl/push/job"] == .success)
        #expect(await runner.end() == 0, "\(runner.log.suffix(2_000))")
    }

    @Test("a runner that is killed loses its job to another, which tries it again; its next start tidies up")
    func killed() async throws {
        let site = try await Site.withoutRunner()
        let meeting = try Meeting(on: site, "killed")
        let token = try await token(site, tag: "frail")
        let data = [(name: "meeting", path: meeting.path)]
        let frail = try await RunnerProcess(
            "frail1", on: site, token: token, networks: "10.225.0.0/16", gpus: ["GPU-frail"], data: data)
        let project = try await Project("pool/killed", on: site)
        let commit = try await project.push([
            ".pawl.yml": """
            train:
              tags: [frail]
              script: ['\(Self.waits.replacing("\n", with: " ").trimmingCharacters(in: .whitespaces))']
              ml: {gpus: 1, data: meeting}
            """
        ])
        try await project.told(.pending, "pawl/push", on: commit)
        _ = try await site.log(of: "\(try project.pipeline(of: commit))/train", until: "mine is GPU-frail on frail1")
        frail.signal(SIGKILL)
        #expect(await frail.end() == 128 + SIGKILL)
        let other = try await RunnerProcess(
            "frail2", on: site, token: token, networks: "10.226.0.0/16", gpus: ["GPU-other"], data: data)
        while try await runner("frail2", of: site).running.isEmpty { try await Task.sleep(for: .milliseconds(200)) }
        _ = try await site.log(of: "\(try project.pipeline(of: commit))/train", until: "mine is GPU-other on frail2")
        // What the killed one left was removed before its lease ended.
        #expect(try await Engine.containers(labelled: try frail.instance()) == 0)
        try meeting.letGo()
        #expect(try await project.ended(commit)["pawl/push/train"] == .success)
        #expect(try await project.shown(commit).job("train").attempts.map(\.state) == ["lost", "passed"])
        #expect(try await project.log("train", of: commit).contains("mine is GPU-other on frail2"))
        try await frail.start()
        for runner in [frail, other] {
            runner.signal(SIGTERM)
            #expect(await runner.end() == 0)
            #expect(try await Engine.containers(labelled: try runner.instance()) == 0)
        }
    }

    @Test("a job whose GPU fails under it is put down to the GPU, which is set aside, and tried again on another")
    func failedGPU() async throws {
        let site = try await Site.withoutRunner()
        let meeting = try Meeting(on: site, "failing")
        let token = try await token(site, tag: "failing")
        let gpus = ["GPU-bad", "GPU-good"]
        let process = try await RunnerProcess(
            "failing1", on: site, token: token, networks: "10.227.0.0/16", gpus: gpus,
            data: [(name: "meeting", path: meeting.path)])
        let project = try await Project("pool/failing", on: site)
        let commit = try await project.push([
            ".pawl.yml": """
            train:
              tags: [failing]
              script: ['\(Self.waits)', 'test "$PAWL_GPUS" = GPU-good']
              ml: {gpus: 1, data: meeting}
            """
        ])
        try await project.told(.pending, "pawl/push", on: commit)
        _ = try await site.log(of: "\(try project.pipeline(of: commit))/train", until: "mine is GPU-bad")
        try process.declare(gpus, failed: ["GPU-bad"])
        try meeting.letGo()
        #expect(try await project.ended(commit)["pawl/push/train"] == .success)
        let attempts = try await project.shown(commit).job("train").attempts
        #expect(attempts.map(\.state) == ["failed", "passed"])
        #expect(attempts.first?.failure?.class == "gpu")
        #expect(attempts.first?.failure?.message.contains("Xid 79") == true)
        #expect(try await runner("failing1", of: site).gpus.map(\.state) == ["set_aside", "free"])
        process.signal(SIGTERM)
        #expect(await process.end() == 0)
    }

    @Test("the join script installs the server's own program, and only that, and takes the machine into the pool")
    func script() async throws {
        let site = try await Site.withoutRunner()
        let folder = site.folder + "/script"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(try await site.page(site.address + "/join").utf8).write(to: URL(filePath: folder + "/join"))
        let environment = site.environment.merging([
            "PAWL_PROGRAM": folder + "/pawl", "PAWL_RUNNER_CONFIG": folder + "/runner.yml",
        ]) { $1 }
        let token = try await token(site, tag: "scripted")
        func join(_ token: String) async throws -> Site.Outcome {
            try await Site.run(
                "/bin/sh",
                [
                    folder + "/join", token, "--name", "scripted1", "--state", folder + "/state", "--docker-socket",
                    Docker.socket, "--no-service",
                ], environment: environment)
        }
        let forged = try await join(token.prefix { $0 != "." } + "." + String(repeating: "0", count: 64))
        #expect(forged.status == 1)
        let cut = try await join(String(token.dropLast(3)))
        #expect(cut.status == 2)
        #expect(!FileManager.default.fileExists(atPath: folder + "/pawl"))
        let joined = try await join(token)
        #expect(joined.status == 0, "\(joined.errors)")
        #expect(joined.output.contains("the server's own program, sha256 as the token says"))
        #expect(joined.output.contains("scripted1 is in the pool"))
        #expect(FileManager.default.contentsEqual(atPath: folder + "/pawl", andPath: Site.binary))
        #expect(try await runner("scripted1", of: site).state == "idle")
        let twice = try await join(token)
        #expect(twice.status == 3, "\(twice.errors)")
        let left = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(!left.contains { $0.hasPrefix("pawl.") }, "\(left)")
    }
}
