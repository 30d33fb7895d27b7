import Foundation
import PipelineModel
import Testing

@testable import Executors

@Suite("what a container used", .timeLimit(.minutes(2)))
struct UsageMeterTests {
    @Test("a real container's processor time and memory are measured while it runs, and told at its end", .needsDocker)
    func measured() async throws {
        let executor = Docker.executor()
        let script = "n=0; while [ $n -lt 200000 ]; do n=$((n + 1)); done; dd if=/dev/zero of=/dev/null bs=32M count=1"
        let handle = try await executor.create(
            .shell("\(script); echo ready; sleep 1000", instance: "usage-\(UUID().uuidString.prefix(8))"))
        let ready = ExecutorSignal()
        let run = Task { try await executor.run(handle) { if $0.stream == .standardOutput { ready.give() } } }
        try await ready.wait()
        let meter = UsageMeter(engine: executor.engine, container: handle.id)
        await meter.begin()
        let usage = try #require(meter.usage)
        #expect(usage.cpu > .milliseconds(20) && usage.cpu < .seconds(100))
        #expect(usage.peakMemory.map { $0 > .mebibytes(16) && $0 < .gibibytes(2) } == true, "\(usage)")
        try await executor.stop(handle, grace: .zero)
        let atEnd = try #require(try await run.value.usage)
        #expect(atEnd.cpu > .zero && atEnd.peakMemory != nil)
        // Of one that has ended there is nothing to be had, and nothing is made up.
        let late = UsageMeter(engine: executor.engine, container: handle.id)
        await late.begin()
        await late.run()
        #expect(late.usage == nil)
        try await executor.destroy(handle)
    }

    @Test("an engine elsewhere is asked instead of the kernel", .needsDocker)
    func asked() async throws {
        let executor = Docker.executor()
        let specification = ContainerSpecification.shell(
            "n=0; while [ $n -lt 200000 ]; do n=$((n + 1)); done; echo ready; sleep 1000",
            instance: "usage-\(UUID().uuidString.prefix(8))")
        let handle = try await executor.create(specification)
        let ready = ExecutorSignal()
        let run = Task { try await executor.run(handle) { _ in ready.give() } }
        try await ready.wait()
        let usage = try await executor.engine.usage(of: handle.id)
        #expect(usage.cpu > .milliseconds(10) && usage.peakMemory.map { $0 > ByteCount(bytes: 0) } == true)
        try await executor.stop(handle, grace: .zero)
        _ = try await run.value
        try await executor.destroy(handle)
    }

    @Test(
        "the kernel's counters are found in both versions of control groups, and only for the container's own process")
    func controlGroups() throws {
        let first = [
            "/proc/7/cgroup": "6:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/docker/abc\n",
            "/sys/fs/cgroup/cpuacct/docker/abc/cpuacct.usage": "1500000000\n",
            "/sys/fs/cgroup/memory/docker/abc/memory.max_usage_in_bytes": "4096\n",
        ]
        let one = try #require(ControlGroup(ofProcess: 7, container: "abc") { first[$0] })
        #expect(
            one.usage { first[$0] } == ContainerUsage(cpu: .milliseconds(1_500), peakMemory: ByteCount(bytes: 4_096)))
        let second = [
            "/proc/7/cgroup": "0::/system.slice/docker-abc.scope\n",
            "/sys/fs/cgroup/system.slice/docker-abc.scope/cpu.stat": "usage_usec 2500000\nuser_usec 1\nsystem_usec 2\n",
        ]
        let two = try #require(ControlGroup(ofProcess: 7, container: "abc") { second[$0] })
        // Older kernels have no memory.peak.
        #expect(two.usage { second[$0] } == ContainerUsage(cpu: .milliseconds(2_500)))
        #expect(ControlGroup(ofProcess: 7, container: "def") { second[$0] } == nil)
        #expect(ControlGroup(ofProcess: 0, container: "abc") { second[$0] } == nil)
        #expect(two.usage { _ in nil } == nil)
        let leading = ["/proc/7/cgroup": "0::/../../abc\n", "/sys/fs/cgroup/../../abc/cpu.stat": "usage_usec 1\n"]
        #expect(ControlGroup(ofProcess: 7, container: "abc") { leading[$0] } == nil)
    }
}
