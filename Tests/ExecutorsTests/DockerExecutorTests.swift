import Executors
import Foundation
import HTTPTransport
import NIOConcurrencyHelpers
import PipelineModel
import Testing

@Suite("Docker executor", .needsDocker, .timeLimit(.minutes(2)))
struct DockerExecutorTests {
    let executor = Docker.executor()

    @Test("a container has only the capabilities a build needs, and cannot gain more")
    func capabilities() async throws {
        let (exit, output) = try await executor.runShell(
            "grep -E '^(Cap(Eff|Bnd)|NoNewPrivs|Seccomp):' /proc/self/status")
        #expect(exit.code == 0)
        var fields: [String: String] = [:]
        for line in await output.text().split(separator: "\n") {
            let parts = line.split(separator: ":")
            fields[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        // CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, KILL 5, SETGID 6, SETUID 7, NET_BIND_SERVICE 10.
        let expected = [0, 1, 3, 4, 5, 6, 7, 10].reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        #expect(fields["CapEff"].flatMap { UInt64($0, radix: 16) } == expected)
        #expect(fields["CapBnd"].flatMap { UInt64($0, radix: 16) } == expected)
        #expect(fields["NoNewPrivs"] == "1")
        #expect(fields["Seccomp"] == "2")
    }

    @Test("memory, swap and processes are limited, and running out of memory is told")
    func limits() async throws {
        let limits = JobLimits(cpus: 0.5, memory: .mebibytes(32), pids: 32, shmSize: .mebibytes(8))
        let (exit, output) = try await executor.runShell(
            "df -k /dev/shm | tail -n 1; exec tail /dev/zero", limits: limits)
        #expect(exit.code == 137)
        #expect(exit.isOutOfMemory)
        #expect(await output.text().contains(" 8192 "))
        let (bomb, _) = try await executor.runShell(
            "for i in $(seq 200); do sleep 5 & done; exit 0", limits: JobLimits(pids: 16))
        #expect(bomb.code != 0)
    }

    @Test("variables, mounts and the working folder arrive as data")
    func environment() async throws {
        let folder = NSTemporaryDirectory() + "pawl-mount-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("in".utf8).write(to: URL(fileURLWithPath: folder + "/file"))
        let hostile = "a b\"'$(id)`id`\n=;é"
        let (exit, output) = try await executor.runShell(
            "cat /ro/file; printf %s \"$HOSTILE\"; echo x > /ro/file; echo out > /rw/out",
            mounts: [
                .init(source: folder, target: "/ro", isReadOnly: true),
                .init(source: folder, target: "/rw", isReadOnly: false),
            ], environment: [("HOSTILE", hostile)])
        #expect(exit.code == 0)
        #expect(await output.text() == "in" + hostile)
        #expect(await output.text(.standardError).contains("Read-only file system"))
        #expect(try String(contentsOfFile: folder + "/out", encoding: .utf8) == "out\n")
    }

    @Test("the engine's socket cannot be mounted, nor a folder that holds it", arguments: ["", "/..", "/../.."])
    func socketMount(above: String) async throws {
        var specification = ContainerSpecification.shell("true", instance: "mounts")
        specification.mounts = [.init(source: Docker.socket + above, target: "/x", isReadOnly: true)]
        if !above.isEmpty {
            specification.mounts[0].source =
                URL(fileURLWithPath: Docker.socket).deletingLastPathComponent().path + above.dropFirst(3)
        }
        let error = await #expect(throws: ExecutorError.self) { try await executor.create(specification) }
        #expect(error?.code == .refused)
    }

    @Test("output of any bytes arrives whole, however the engine cuts it")
    func bytes() async throws {
        let (exit, output) = try await executor.runShell(
            "i=0; while [ $i -lt 2000 ]; do printf '\\377\\000line %05d\\r' $i; i=$((i+1)); done; "
                + "head -c 3000000 /dev/zero")
        #expect(exit.code == 0)
        let bytes = await output.bytes()
        #expect(bytes.count == 2_000 * 13 + 3_000_000)
        #expect(Array(bytes.prefix(13)) == [0xff, 0] + Array("line 00000\r".utf8))
    }

    @Test("a slow taker of output holds the container's writing back")
    func backPressure() async throws {
        let handle = try await executor.create(
            .shell("head -c 60000000 /dev/zero; echo done >&2", instance: "slow", attempt: 1))
        let goOn = ExecutorSignal()
        let begun = ExecutorSignal()
        let taken = NIOLockedValueBox((out: 0, isDone: false))
        let run = Task {
            try await executor.run(handle) { piece in
                begun.give()
                taken.withLockedValue {
                    if piece.stream == .standardOutput { $0.out += piece.bytes.count } else { $0.isDone = true }
                }
                try await goOn.wait()
            }
        }
        try await begun.wait()
        // A whole other job passes meanwhile; a writer that is not held back would be done by then.
        _ = try await executor.runShell("true")
        let state = try await Docker.inspect(handle.id)
        #expect(state.contains("\"Running\":true"))
        goOn.give()
        #expect(try await run.value.code == 0)
        #expect(taken.withLockedValue { $0.out } == 60_000_000)
        #expect(taken.withLockedValue { $0.isDone })
        try await executor.destroy(handle)
    }

    @Test("a program that is not in the image is the job's fault, not the engine's")
    func absentProgram() async throws {
        var specification = ContainerSpecification.shell("", instance: "absent", attempt: 2)
        specification.command = ["/no/such/program"]
        let handle = try await executor.create(specification)
        // With an init before it, the init is started and ends with the shells' code for this.
        do {
            #expect(try await executor.run(handle) { _ in }.code == 127)
        } catch let error as ExecutorError {
            #expect(error.code == .refused)
        }
        try await executor.destroy(handle)
    }

    @Test("a container of the same lease that an interrupted call left gives way")
    func repeatedCreate() async throws {
        let specification = ContainerSpecification.shell("true", instance: "again", attempt: 3, network: .own)
        let first = try await executor.create(specification)
        let second = try await executor.create(specification)
        #expect(first.id != second.id)
        #expect(try await executor.run(second) { _ in }.code == 0)
        try await executor.destroy(second)
    }

    @Test("jobs at once have networks apart, as many as there are")
    func networks() async throws {
        let small = Docker.executor(networks: try #require(IPv4Range("10.214.0.0/24")))
        let handles = try await withThrowingTaskGroup(of: ContainerHandle.self) { group in
            for attempt in 1...8 {
                group.addTask {
                    try await small.create(
                        .shell("true", instance: "networks", attempt: Int64(attempt), network: .own))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(handles.compactMap(\.networkID)).count == 8)
        for handle in handles { try await small.destroy(handle) }
    }

    @Test("a network goes although the engine keeps a place in it for a container")
    func placeKept() async throws {
        let executor = DockerExecutor(engine: Docker.engine(), settings: .init(instance: "place"))
        let handle = try await executor.create(.shell("echo here; sleep 60", instance: "place", network: .own))
        let isThere = ExecutorSignal()
        async let exit = executor.run(handle) { _ in isThere.give() }
        try await isThere.wait()
        // As an engine does whose disk failed when it removed the container: the place stays, and no container counts.
        let remains = ContainerHandle(id: "gone", networkID: handle.networkID, labels: handle.labels)
        try await executor.destroy(remains)
        #expect(try await executor.leftovers().map(\.networkID) == [nil])
        try await executor.stop(handle, grace: .zero)
        _ = try await exit
        try await executor.destroy(handle)
    }

    @Test("a range with no subnet left is told, and leaves nothing")
    func fullRange() async throws {
        let tiny = Docker.executor(networks: try #require(IPv4Range("10.215.0.0/28")))
        let first = try await tiny.create(.shell("true", instance: "full", attempt: 1, network: .own))
        let error = await #expect(throws: ExecutorError.self) {
            try await tiny.create(.shell("true", instance: "full", attempt: 2, network: .own))
        }
        #expect(error?.message.contains("10.215.0.0/28") == true)
        try await tiny.destroy(first)
    }

    @Test("an engine that does not answer is told with its socket")
    func noEngine() async throws {
        let nowhere = DockerExecutor(
            engine: DockerEngine(socket: "/nowhere/docker.sock", sender: Docker.client),
            settings: .init(instance: "none"))
        let error = await #expect(throws: ExecutorError.self) {
            try await nowhere.create(.shell("true", instance: "none"))
        }
        #expect(error?.code == .engineUnavailable)
        #expect(error?.message.contains("/nowhere/docker.sock") == true)
    }

    @Test(
        "what is not an image's name is refused before the engine is asked",
        arguments: ["", "a b", "a?b=c", "../../etc", "a@b@c", "a:", "x\n", String(repeating: "a", count: 600)])
    func badImage(name: String) async throws {
        var specification = ContainerSpecification.shell("true", instance: "bad")
        specification.image = name
        let error = await #expect(throws: ExecutorError.self) { try await executor.create(specification) }
        #expect(error?.code == .imageUnavailable)
    }

    @Test("images and version can be asked for")
    func engineFacts() async throws {
        let engine = Docker.engine()
        try await engine.ping()
        #expect(try await !engine.version().engine.isEmpty)
        let image = try await engine.images().first { $0.tags.contains("pawl-test:tiny") }
        #expect((image?.size.bytes ?? 0) > 100_000)
    }
}

extension Docker {
    /// The engine's raw description of a container.
    static func inspect(_ id: String) async throws -> String {
        let request = HTTPRequest("GET", "http://docker/containers/\(id)/json", unixSocket: socket)
        return String(decoding: try await client.send(request).collect(upTo: 1 << 20), as: UTF8.self)
    }
}
