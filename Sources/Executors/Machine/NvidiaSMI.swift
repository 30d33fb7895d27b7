import PipelineModel

/// What `nvidia-smi` says of a machine's GPUs and of the processes on them, read from its CSV.
struct NvidiaSMI: Sendable {
    /// What to ask of each device, in the order of the fields of a line.
    static let deviceQuery = [
        "--query-gpu=uuid,index,name,memory.total,driver_version,pci.bus_id", "--format=csv,noheader,nounits",
    ]
    /// What to ask of each process that computes on a device.
    static let processQuery = [
        "--query-compute-apps=gpu_uuid,pid,used_memory", "--format=csv,noheader,nounits",
    ]

    /// A line about a device. A device that fails answers with words in place of values.
    struct Device: Hashable, Sendable {
        /// The device's own name; nil where it does not say it any more.
        var uuid: String?
        /// Its place; nil where it does not say it any more.
        var index: Int?
        var model: String
        var memory: ByteCount?
        var driver: String
        /// Its place on the bus, as the kernel's log has it: `0000:3b:00`.
        var bus: String?
        /// Why it is of no use, in its own words; nil where it is.
        var failure: String?
    }

    /// A process that computes on a device.
    struct Process: Hashable, Sendable {
        var gpu: String
        var pid: Int32
        /// What it holds of the device's memory; nil where it is not said.
        var memory: ByteCount?
    }

    /// Reads the answer to `deviceQuery`. Lines that are about no device are left out, but for the one that says that a
    /// device is lost.
    static func devices(_ text: String) -> [Device] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let line = line.trimmingSpaces
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmingSpaces)
            if fields.count == 6 { return device(fields) }
            return lostDevice(line)
        }
    }

    private static func device(_ fields: [String]) -> Device {
        let failure = fields.first(where: isFailure).map(plain)
        return Device(
            uuid: fields[0].hasPrefix("GPU-") || fields[0].hasPrefix("MIG-") ? fields[0] : nil, index: Int(fields[1]),
            model: isFailure(fields[2]) ? "" : fields[2],
            memory: Int64(fields[3]).flatMap { $0 >= 0 && $0 < 1 << 40 ? .mebibytes($0) : nil },
            driver: isFailure(fields[4]) ? "" : fields[4], bus: bus(fields[5]), failure: failure)
    }

    /// `Unable to determine the device handle for GPU 0000:3B:00.0: GPU is lost.  Reboot the system to recover this GPU`
    private static func lostDevice(_ line: String) -> Device? {
        guard line.hasPrefix("Unable to determine the device handle for"),
            let bus = line.split(separator: " ")
                .lazy.compactMap({ bus(String($0)) }).first
        else { return nil }
        return Device(model: "", driver: "", bus: bus, failure: "GPU is lost")
    }

    /// Words that stand for a value that a failed device does not give.
    private static func isFailure(_ field: String) -> Bool {
        field == "ERR!" || field == "[GPU is lost]" || field == "[Unknown Error]" || field == "[GPU requires reset]"
    }

    private static func plain(_ field: String) -> String {
        switch field {
        case "ERR!", "[Unknown Error]": "nvidia-smi reads an error in place of its values"
        default: String(field.dropFirst().dropLast())
        }
    }

    /// The place on the bus in the kernel's form: `00000000:3B:00.0` is `0000:3b:00`.
    static func bus(_ text: String) -> String? {
        let parts = text.lowercased().split(separator: ":")
        guard parts.count >= 3, parts.prefix(2).allSatisfy({ $0.allSatisfy(\.isHexDigit) }) else { return nil }
        let slot = parts[2].prefix(while: \.isHexDigit)
        guard slot.count == 2, parts[1].count == 2, parts[0].count >= 4 else { return nil }
        return "\(parts[0].suffix(4)):\(parts[1]):\(slot)"
    }

    /// Reads the answer to `processQuery`.
    static func processes(_ text: String) -> [Process] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let fields = line.split(separator: ",").map(\.trimmingSpaces)
            guard fields.count == 3, let pid = Int32(fields[1]), pid > 0 else { return nil }
            return Process(
                gpu: fields[0], pid: pid, memory: Int64(fields[2]).flatMap { $0 >= 0 ? .mebibytes($0) : nil })
        }
    }
}
