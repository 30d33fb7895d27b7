import Foundation
import NIOConcurrencyHelpers
import PipelineModel
import Testing

@testable import Executors

/// A machine whose driver, kernel and clock say what a test wants.
private final class StandInMachine: GPUCommand {
    struct State {
        var devices = """
            GPU-a, 0, NVIDIA L4, 23034, 550.54, 00000000:3B:00.0
            GPU-b, 1, NVIDIA L4, 23034, 550.54, 00000000:AF:00.0
            """
        var processes = ""
        var isWhole = true
        var fails = false
        var faults: [KernelLog.Fault] = []
        var now = Duration.zero
        var asked = 0
    }

    let state = NIOLockedValueBox(State())
    let folder = NSTemporaryDirectory() + "pawl-machine-\(UUID().uuidString)"
    let isInstalled = true

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func answer(_ arguments: [String]) async throws -> (text: String, isWhole: Bool) {
        try state.withLockedValue { state in
            state.asked += 1
            if state.fails { throw ExecutorError(.engineFailed, message: "nvidia-smi does not answer within 20s.") }
            if arguments == NvidiaSMI.powerQuery { return ("GPU-a, 100.5", true) }
            return (arguments == NvidiaSMI.deviceQuery ? state.devices : state.processes, state.isWhole)
        }
    }

    func change(_ body: (inout State) -> Void) { state.withLockedValue { body(&$0) } }

    func inventory(_ settings: MachineInventory.Settings = .init()) -> MachineInventory {
        let state = state
        return MachineInventory(
            settings: settings, command: self, processes: MachineProcesses(folder: folder),
            faults: { state.withLockedValue { $0.faults } }, containers: { ["c0ffee"] }, engine: { "Docker 24" },
            now: { state.withLockedValue { $0.now } })
    }

    func addProcess(_ pid: Int, cgroup: String) throws {
        let path = "\(folder)/\(pid)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data(cgroup.utf8).write(to: URL(filePath: path + "/cgroup"))
    }
}

@Suite struct MachineInventoryTests {
    @Test("what devices draw is asked once for all who ask in the same moment, or read where it is declared")
    func power() async throws {
        let machine = try StandInMachine()
        let inventory = machine.inventory()
        for second in [0, 1, 2] {
            machine.change { $0.now = .seconds(second) }
            #expect(await inventory.power() == ["GPU-a": 100.5])
        }
        #expect(machine.state.withLockedValue { $0.asked } == 2)
        let file = machine.folder + "/gpus.json"
        let text =
            #"[{"uuid": "X", "model": "m", "memory": "1GiB", "watts": 75}, {"uuid": "Y", "model": "m", "memory": "1GiB"}]"#
        try Data(text.utf8).write(to: URL(filePath: file))
        #expect(await machine.inventory(.init(declaredGPUs: file)).power() == ["X": 75])
    }

    @Test("an inventory has the machine's CPUs, memory, engine and devices")
    func plain() async throws {
        let machine = try StandInMachine()
        let inventory = await machine.inventory(.init(data: ["tmp": machine.folder, "gone": "/nowhere"])).look()
        #expect(inventory.engine == "Docker 24")
        #expect((inventory.cpus ?? 0) >= 1)
        #expect((inventory.memory?.bytes ?? 0) > 1 << 20)
        #expect(inventory.gpus.map(\.uuid) == ["GPU-a", "GPU-b"])
        #expect(inventory.gpus.allSatisfy { $0.condition == .usable })
        #expect(inventory.data == ["tmp"])
    }

    @Test("a device that a process of somebody else holds is left alone; one that a job holds is not")
    func foreign() async throws {
        let machine = try StandInMachine()
        try machine.addProcess(20144, cgroup: "0::/user.slice/user-1000.slice\n")
        try machine.addProcess(7, cgroup: "0::/system.slice/docker-c0ffee.scope\n")
        machine.change { $0.processes = "GPU-a, 20144, 31744\nGPU-b, 7, 1024\nGPU-b, 99, 5\n" }
        let gpus = await machine.inventory().look().gpus
        guard case .foreign(let words) = gpus.first?.condition else {
            Issue.record("\(gpus)")
            return
        }
        #expect(words.hasSuffix("pid 20144 holds 31 GiB"))
        #expect(gpus.last?.condition == .usable)
    }

    @Test("a device that does not tell its name any more is the one that was in its place, and has failed")
    func lost() async throws {
        let machine = try StandInMachine()
        let inventory = machine.inventory()
        _ = await inventory.look()
        machine.change {
            $0.devices = """
                GPU-a, 0, NVIDIA L4, 23034, 550.54, 00000000:3B:00.0
                Unable to determine the device handle for GPU 0000:AF:00.0: GPU is lost.  Reboot the system
                """
            $0.isWhole = false
        }
        let gpus = await inventory.look(.fresh).gpus
        #expect(gpus.map(\.uuid) == ["GPU-a", "GPU-b"])
        #expect(gpus.map(\.condition) == [.usable, .failed("GPU is lost")])
        #expect(gpus.last?.model == "NVIDIA L4")
    }

    @Test("a driver that does not answer makes devices useless for as long as that is so")
    func silent() async throws {
        let machine = try StandInMachine()
        let inventory = machine.inventory()
        _ = await inventory.look()
        machine.change { $0.fails = true }
        let gpus = await inventory.look(.fresh).gpus
        #expect(gpus.count == 2)
        #expect(gpus.allSatisfy { $0.condition == .foreign("nvidia-smi does not answer within 20s.") })
        machine.change { $0.fails = false }
        #expect(await inventory.look(.fresh).gpus.allSatisfy { $0.condition == .usable })
    }

    @Test("a fatal error in the kernel's log is told of for ten minutes, and not once more after a restart")
    func kernel() async throws {
        let machine = try StandInMachine()
        let settings = MachineInventory.Settings(toldFaults: machine.folder + "/told")
        let inventory = machine.inventory(settings)
        machine.change { $0.faults = [.init(sequence: 9, bus: "0000:af:00", xid: 79, text: "fell off")] }
        let failed = GPU.Condition.failed("Xid 79, fell off")
        #expect(await inventory.look(.fresh).gpus.map(\.condition) == [.usable, failed])
        machine.change { $0.now = .minutes(9) }
        #expect(await inventory.look(.fresh).gpus.last?.condition == failed)
        machine.change { $0.now = .minutes(11) }
        #expect(await inventory.look(.fresh).gpus.last?.condition == .usable)
        #expect(await machine.inventory(settings).look().gpus.last?.condition == .usable)
    }

    @Test("a look is good for ten seconds, but for who wants a fresh one")
    func freshness() async throws {
        let machine = try StandInMachine()
        let inventory = machine.inventory()
        _ = await inventory.look()
        let once = machine.state.withLockedValue { $0.asked }
        _ = await inventory.look()
        #expect(machine.state.withLockedValue { $0.asked } == once)
        machine.change { $0.now = .seconds(11) }
        _ = await inventory.look()
        #expect(machine.state.withLockedValue { $0.asked } == 2 * once)
        _ = await inventory.look(.fresh)
        #expect(machine.state.withLockedValue { $0.asked } == 3 * once)
    }

    @Test("declared devices stand in for the driver's, and are read anew at each look")
    func declared() async throws {
        let machine = try StandInMachine()
        let file = machine.folder + "/gpus.json"
        func write(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: file)) }
        try write(#"[{"uuid": "GPU-x", "model": "A100", "memory": "40GiB"}]"#)
        let inventory = machine.inventory(.init(declaredGPUs: file))
        #expect(
            await inventory.look().gpus == [
                GPU(uuid: "GPU-x", index: 0, model: "A100", memory: .gibibytes(40), driver: "declared")
            ])
        try write(#"[{"uuid": "GPU-x", "model": "A100", "memory": "40GiB", "failed": "Xid 79"}]"#)
        #expect(await inventory.look(.fresh).gpus.first?.condition == .failed("Xid 79"))
        try write("[")
        guard case .foreign = await inventory.look(.fresh).gpus.first?.condition else {
            Issue.record("a file that cannot be read must not give devices out")
            return
        }
    }

    @Test(
        "a declaration that is wrong says so",
        arguments: [
            "{}", #"[{"uuid": "a b", "model": "x", "memory": "1GiB"}]"#,
            #"[{"uuid": "a", "model": "x", "memory": "y"}]"#,
            #"[{"uuid":"a","model":"x","memory":"1GiB"},{"uuid":"a","model":"x","memory":"1GiB"}]"#,
        ])
    func wrongDeclaration(text: String) throws {
        let machine = try StandInMachine()
        let file = machine.folder + "/gpus.json"
        try Data(text.utf8).write(to: URL(filePath: file))
        #expect(throws: ExecutorError.self) { try DeclaredGPUs.read(file) }
    }

    @Test("the processes of this machine are looked up where the kernel tells of them")
    func ownProcess() {
        guard case .foreign = MachineProcesses().holder(of: getpid(), containers: []) else {
            Issue.record("this process is not found")
            return
        }
        #expect(MachineProcesses().holder(of: Int32.max, containers: []) == .gone)
    }

    @Test("a container gets the devices it is granted and no other, by name")
    func deviceRequests() throws {
        func body(_ gpus: [String], bringsDevices: Bool = true) throws -> String {
            let labels = ContainerLabels(instance: "i", key: LeaseKey(job: 1, attempt: 1, epoch: 1))
            let specification = ContainerSpecification(
                labels: labels, image: "busybox", command: [], workingDirectory: "/", limits: JobLimits(), gpus: gpus,
                bringsDevices: bringsDevices)
            let image = try #require(ImageReference("busybox"))
            let version = DockerEngine.Version(engine: "24", api: "1.43", hasInit: true, isPodman: false)
            let encoded = try EngineJSON.encode(
                ContainerBody(specification, image: image, network: "none", engine: version))
            return String(decoding: encoded, as: UTF8.self)
        }
        let granted = try body(["GPU-a", "GPU-b"])
        #expect(granted.contains(#""DeviceIDs":["GPU-a","GPU-b"]"#))
        #expect(granted.contains(#""Driver":"nvidia""#))
        #expect(granted.contains(#""Capabilities":[["gpu"]]"#))
        #expect(granted.contains("NVIDIA_VISIBLE_DEVICES=GPU-a,GPU-b"))
        #expect(try body(["GPU-a"], bringsDevices: false).contains("DeviceRequests") == false)
        let none = try body([])
        #expect(none.contains("NVIDIA_VISIBLE_DEVICES=void"))
        #expect(!none.contains("DeviceRequests"))
    }
}
