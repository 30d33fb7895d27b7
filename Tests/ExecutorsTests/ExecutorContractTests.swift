import Executors
import Foundation
import NIOConcurrencyHelpers
import PipelineModel
import Testing

/// An executor of each kind, made to behave in the same ways.
struct ExecutorUnderTest: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var make: @Sendable () -> any Executor
    /// The label to give containers.
    var instance: String

    static var all: [ExecutorUnderTest] {
        let scripted = ExecutorUnderTest(
            testDescription: "scripted", make: { ScriptedExecutor { Behaviour.of($0).script } }, instance: "contract")
        guard Docker.isReachable else { return [scripted] }
        let instance = "contract-\(UUID().uuidString.prefix(8))"
        let docker = ExecutorUnderTest(
            testDescription: "Docker",
            make: { DockerExecutor(engine: Docker.engine(), settings: .init(instance: instance)) }, instance: instance)
        return [scripted, docker]
    }
}

/// What a container of the contract does: a shell script for real ones, the same as steps for the scripted one.
enum Behaviour: String, CaseIterable {
    case bothStreams = "echo out; echo err >&2; exit 3"
    case stays = "echo ready; exec sleep 1000"
    case passes = "exit 0"
    case absentImage

    var script: ScriptedExecutor.Script {
        switch self {
        case .bothStreams:
            .init(
                [
                    .write(.init(.standardOutput, Array("out\n".utf8))),
                    .write(.init(.standardError, Array("err\n".utf8))),
                ], exit: ContainerExit(code: 3))
        case .stays: .init([.write(.init(.standardOutput, Array("ready\n".utf8))), .stayUntilStopped])
        case .passes: .init()
        case .absentImage: .init(createError: ExecutorError(.imageUnavailable, message: "not there"))
        }
    }

    static func of(_ specification: ContainerSpecification) -> Behaviour {
        specification.command.last.flatMap(Behaviour.init) ?? .passes
    }
}

@Suite("what every executor promises", .timeLimit(.minutes(2)))
struct ExecutorContractTests {
    private func specification(
        _ behaviour: Behaviour, for subject: ExecutorUnderTest, attempt: Int64
    ) -> ContainerSpecification {
        var specification = ContainerSpecification.shell(
            behaviour.rawValue, instance: subject.instance, attempt: attempt, network: .own)
        if behaviour == .absentImage { specification.image = "pawl-test:absent" }
        return specification
    }

    @Test("both streams and the exit code come back", arguments: ExecutorUnderTest.all)
    func output(subject: ExecutorUnderTest) async throws {
        let executor = subject.make()
        let handle = try await executor.create(specification(.bothStreams, for: subject, attempt: 1))
        let output = Output()
        let exit = try await executor.run(handle) { await output.append($0) }
        #expect(exit.code == 3)
        #expect(!exit.isOutOfMemory)
        #expect(await output.text() == "out\n")
        #expect(await output.text(.standardError) == "err\n")
        #expect(handle.imageID?.hasPrefix("sha256:") == true)
        try await executor.destroy(handle)
    }

    @Test("a stop makes a run return, with a code that is no success", arguments: ExecutorUnderTest.all)
    func stop(subject: ExecutorUnderTest) async throws {
        let executor = subject.make()
        let handle = try await executor.create(specification(.stays, for: subject, attempt: 2))
        let ready = ExecutorSignal()
        let run = Task { try await executor.run(handle) { _ in ready.give() } }
        try await ready.wait()
        try await executor.stop(handle, grace: .zero)
        #expect(try await run.value.code != 0)
        try await executor.stop(handle, grace: .zero)
        try await executor.destroy(handle)
    }

    @Test("a stop that comes before the start is not lost", arguments: ExecutorUnderTest.all)
    func earlyStop(subject: ExecutorUnderTest) async throws {
        let executor = subject.make()
        let handle = try await executor.create(specification(.stays, for: subject, attempt: 3))
        try await executor.stop(handle, grace: .zero)
        #expect(try await executor.run(handle) { _ in }.code == 137)
        try await executor.destroy(handle)
    }

    @Test("removing a running container ends it; destroying takes the rest", arguments: ExecutorUnderTest.all)
    func removeRunning(subject: ExecutorUnderTest) async throws {
        let executor = subject.make()
        let specification = specification(.stays, for: subject, attempt: 10)
        let handle = try await executor.create(specification)
        let ready = ExecutorSignal()
        let run = Task { try await executor.run(handle) { _ in ready.give() } }
        try await ready.wait()
        for _ in 1...2 { try await executor.remove(handle) }
        #expect(try await run.value.code == 137)
        try await executor.destroy(handle)
        #expect(try await !executor.leftovers().contains { $0.labels == specification.labels })
    }

    @Test("destroying a running container makes its run end", arguments: ExecutorUnderTest.all)
    func destroyRunning(subject: ExecutorUnderTest) async throws {
        let executor = subject.make()
        let handle = try await executor.create(specification(.stays, for: subject, attempt: 4))
        let ready = ExecutorSignal()
        let run = Task { try await executor.run(handle) { _ in ready.give() } }
        try await ready.wait()
        try await executor.destroy(handle)
        #expect(try await run.value.code == 137)
    }

    @Test("what an earlier process left is found by its labels and destroyed, twice", arguments: ExecutorUnderTest.all)
    func leftovers(subject: ExecutorUnderTest) async throws {
        let executor = subject.make()
        let specification = specification(.passes, for: subject, attempt: 5)
        let made = try await executor.create(specification)
        let found = try await executor.leftovers().filter { $0.labels == specification.labels }
        #expect(found.map(\.id) == [made.id])
        #expect(found.map(\.networkID) == [made.networkID])
        for _ in 1...2 { for handle in found { try await executor.destroy(handle) } }
        #expect(try await !executor.leftovers().contains { $0.labels == specification.labels })
    }

    @Test("an image that is not there is told as such, and leaves nothing", arguments: ExecutorUnderTest.all)
    func absentImage(subject: ExecutorUnderTest) async throws {
        let executor = subject.make()
        let specification = specification(.absentImage, for: subject, attempt: 6)
        let error = await #expect(throws: ExecutorError.self) { try await executor.create(specification) }
        #expect(error?.code == .imageUnavailable)
        #expect(try await !executor.leftovers().contains { $0.labels == specification.labels })
    }

    @Test("an error of the one who takes the output ends the run with it", arguments: ExecutorUnderTest.all)
    func failingOutput(subject: ExecutorUnderTest) async throws {
        struct Full: Error {}
        let executor = subject.make()
        let handle = try await executor.create(specification(.bothStreams, for: subject, attempt: 7))
        await #expect(throws: Full.self) { try await executor.run(handle) { _ in throw Full() } }
        try await executor.destroy(handle)
    }

    @Test("cancelling a run ends it at once", arguments: ExecutorUnderTest.all)
    func cancelRun(subject: ExecutorUnderTest) async throws {
        let executor = subject.make()
        let handle = try await executor.create(specification(.stays, for: subject, attempt: 8))
        let ready = ExecutorSignal()
        let run = Task { try await executor.run(handle) { _ in ready.give() } }
        try await ready.wait()
        run.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
        try await executor.destroy(handle)
    }
}
