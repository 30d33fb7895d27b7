import PipelineModel

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Looks at what this machine has for jobs: CPUs, memory, GPUs and who holds them, data folders.
///
/// A look costs two runs of `nvidia-smi`, so that one is good for ten seconds; `look(.fresh)` takes no old one.
public actor MachineInventory {
    /// What an administrator decides, and what only the runner knows.
    public struct Settings: Sendable {
        /// A file of devices that stands in for `nvidia-smi`; nil asks that, where it is installed.
        public var declaredGPUs: String?
        /// The data folders that jobs may have, by name. One that is not there now is not offered.
        public var data: [String: String]
        /// The names of those that jobs of forks do not get.
        public var closedData: Set<String>
        /// A file that keeps which of the kernel's errors were told of, so that a restart does not tell of them again.
        public var toldFaults: String?

        /// Asks `nvidia-smi`, and offers no data.
        public init(
            declaredGPUs: String? = nil, data: [String: String] = [:], closedData: Set<String> = [],
            toldFaults: String? = nil
        ) {
            self.declaredGPUs = declaredGPUs
            self.data = data
            self.closedData = closedData
            self.toldFaults = toldFaults
        }
    }

    /// Whether an earlier look will do.
    public enum Freshness: Sendable {
        /// One of the last ten seconds will.
        case recent
        /// None will.
        case fresh
    }

    private static let goodFor = Duration.seconds(10)
    /// For how long an error in the kernel's log keeps a device from being used. The server keeps it aside from then on,
    /// until somebody has checked it; without an end here it could not come back before the machine starts anew.
    private static let faultCounts = Duration.minutes(10)

    let settings: Settings
    let command: any GPUCommand
    private let processes: MachineProcesses
    private let faults: @Sendable () -> [KernelLog.Fault]
    private let containers: @Sendable () async throws -> Set<String>
    private let engine: @Sendable () async -> String?
    let now: @Sendable () -> Duration
    /// What devices drew when they were asked last.
    var lastPower: (watts: [String: Double], at: Duration)?
    private var last: (inventory: RunnerInventory, at: Duration)?
    /// Devices as they were when they still told of themselves, by their place on the bus.
    private var known: [String: GPU] = [:]
    private var told: ToldFaults
    private var firstSeen: [UInt64: Duration] = [:]

    /// Looks at this machine.
    /// - Parameters:
    ///   - containers: the ids of the runner's containers, whose processes are its own.
    ///   - engine: the engine's name and version, where it answers.
    ///   - now: a clock that only goes forward.
    public init(
        settings: Settings, containers: @escaping @Sendable () async throws -> Set<String>,
        engine: @escaping @Sendable () async -> String?, now: @escaping @Sendable () -> Duration
    ) {
        self.init(
            settings: settings, command: NvidiaSMICommand(), processes: MachineProcesses(),
            faults: { KernelLog.faults() }, containers: containers, engine: engine, now: now)
    }

    init(
        settings: Settings, command: any GPUCommand, processes: MachineProcesses,
        faults: @escaping @Sendable () -> [KernelLog.Fault],
        containers: @escaping @Sendable () async throws -> Set<String>, engine: @escaping @Sendable () async -> String?,
        now: @escaping @Sendable () -> Duration
    ) {
        self.settings = settings
        self.command = command
        self.processes = processes
        self.faults = faults
        self.containers = containers
        self.engine = engine
        self.now = now
        told = ToldFaults(file: settings.toldFaults)
    }

    /// What the machine has. Never throws: what cannot be asked now counts as not to be had now.
    public func look(_ freshness: Freshness = .recent) async -> RunnerInventory {
        if freshness == .recent, let last, now() - last.at < Self.goodFor { return last.inventory }
        let data = settings.data.filter { access($0.value, F_OK) == 0 }.keys.sorted()
        let inventory = RunnerInventory(
            engine: await engine(), cpus: MachineFacts.cpus, memory: MachineFacts.memory, gpus: await gpus(),
            data: data,
            closedData: data.filter(settings.closedData.contains))
        last = (inventory, now())
        return inventory
    }

    private func gpus() async -> [GPU] {
        if let file = settings.declaredGPUs {
            do {
                let gpus = try DeclaredGPUs.read(file)
                for gpu in gpus { known[gpu.uuid] = gpu }
                return gpus
            } catch {
                return unanswered("\(error)")
            }
        }
        guard command.isInstalled else { return [] }
        do {
            let answer = try await command.answer(NvidiaSMI.deviceQuery)
            let devices = NvidiaSMI.devices(answer.text)
            if devices.isEmpty, !answer.isWhole {
                return unanswered("nvidia-smi fails: \(answer.text.trimmingSpaces.prefix(120))")
            }
            return judged(named(devices), await holders())
        } catch {
            return unanswered("\(error)")
        }
    }

    /// The devices that were known, none of them to be used for as long as the driver does not answer.
    private func unanswered(_ why: String) -> [GPU] {
        known.values.sorted { $0.index < $1.index }.map { gpu in
            var gpu = gpu
            gpu.condition = .foreign(why)
            return gpu
        }
    }

    /// Devices by their place on the bus. One that does not tell its name any more is the one that was in its place; one
    /// that nobody knows the name of cannot be told of.
    private func named(_ devices: [NvidiaSMI.Device]) -> [(bus: String, gpu: GPU)] {
        devices.compactMap { device in
            let place = device.bus ?? device.uuid ?? device.index.map { "index \($0)" } ?? ""
            let former =
                known[place] ?? device.index.flatMap { index in known.values.first { $0.index == index } }
            guard let uuid = device.uuid ?? former?.uuid else { return nil }
            var gpu = GPU(
                uuid: uuid, index: device.index ?? former?.index ?? 0,
                model: device.model.isEmpty ? former?.model ?? "" : device.model,
                memory: device.memory ?? former?.memory ?? ByteCount(bytes: 0),
                driver: device.driver.isEmpty ? former?.driver ?? "" : device.driver)
            if let failure = device.failure {
                gpu.condition = .failed(failure)
            } else {
                known[place] = gpu
            }
            return (place, gpu)
        }
    }

    /// Devices with what the kernel and other processes say of them. A failure says more than a holder.
    private func judged(_ devices: [(bus: String, gpu: GPU)], _ holders: [String: String]) -> [GPU] {
        let faults = newFaults()
        return devices.map { place, gpu in
            var gpu = gpu
            guard gpu.condition == .usable else { return gpu }
            if let fault = faults[place] {
                gpu.condition = .failed(fault.words)
            } else if let holder = holders[gpu.uuid] {
                gpu.condition = .foreign(holder)
            }
            return gpu
        }
    }

    /// The newest fatal error of each place on the bus that was not told of for long enough yet.
    private func newFaults() -> [String: KernelLog.Fault] {
        let moment = now()
        var newest: [String: KernelLog.Fault] = [:]
        for fault in faults() where !told.contains(fault.sequence) {
            let since = firstSeen[fault.sequence] ?? moment
            firstSeen[fault.sequence] = since
            if moment - since < Self.faultCounts { newest[fault.bus] = fault } else { told.add(fault.sequence) }
        }
        return newest
    }

    /// Who holds devices beside this runner's jobs, in words, by device.
    private func holders() async -> [String: String] {
        guard let answer = try? await command.answer(NvidiaSMI.processQuery), answer.isWhole,
            let containers = try? await containers()
        else { return [:] }
        var holders: [String: (pid: Int32, words: String)] = [:]
        for process in NvidiaSMI.processes(answer.text) {
            guard case .foreign(let account) = processes.holder(of: process.pid, containers: containers) else {
                continue
            }
            if let known = holders[process.gpu], known.pid < process.pid { continue }
            let whose = account.map { "\($0)'s " } ?? ""
            let held = process.memory.map { " holds \($0.memoryText)" } ?? " is on it"
            holders[process.gpu] = (process.pid, "\(whose)pid \(process.pid)\(held)")
        }
        return holders.mapValues(\.words)
    }
}
