import PipelineModel

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The kernel's log, for what its driver says of GPUs that fail.
enum KernelLog {
    /// An error that the driver wrote about a device.
    struct Fault: Hashable, Sendable {
        /// The line's number since the machine started.
        var sequence: UInt64
        /// The device's place on the bus: `0000:3b:00`.
        var bus: String
        /// NVIDIA's number of the error.
        var xid: Int
        /// What the driver says beside it.
        var text: String

        /// The error in words: `Xid 79, GPU has fallen off the bus.`
        var words: String { text.isEmpty ? "Xid \(xid)" : "Xid \(xid), \(text)" }
    }

    /// Errors after which a device is of no use until it was reset or looked at: memory that cannot be corrected (48, 64,
    /// 94, 95, 140), a halted controller (62), a broken link (74), off the bus (79), a system processor that does not
    /// answer (119, 120). A row that was remapped (63) or a program's own fault (13, 31, 43, 45) is none.
    static let fatal: Set<Int> = [48, 62, 64, 74, 79, 94, 95, 119, 120, 140]

    /// Reads one record, such as `4,1204,885931,-;NVRM: Xid (PCI:0000:3b:00): 79, pid=…, GPU has fallen off the bus.`
    /// - Returns: nil where it is about something else.
    static func fault(_ record: String) -> Fault? {
        guard let semicolon = record.firstIndex(of: ";"),
            let mark = record.range(of: "NVRM: Xid (PCI:", from: semicolon)
        else { return nil }
        let prefix = record[..<semicolon].split(separator: ",")
        guard prefix.count >= 2, let sequence = UInt64(prefix[1]) else { return nil }
        let rest = record[mark...].prefix { !$0.isNewline }
        guard let end = rest.firstIndex(of: ")"), let bus = NvidiaSMI.bus(String(rest[..<end])) else { return nil }
        let parts = rest[rest.index(after: end)...].drop { $0 == ":" || $0 == " " }.split(separator: ",")
        guard let number = parts.first, let xid = Int(number.trimmingSpaces) else { return nil }
        let words = parts.dropFirst().map(\.trimmingSpaces).filter { !$0.hasPrefix("pid=") && !$0.hasPrefix("name=") }
        return Fault(sequence: sequence, bus: bus, xid: xid, text: String(words.joined(separator: ", ").prefix(200)))
    }

    /// The fatal errors since the machine started, as far as the log goes back; empty where it may not be read.
    static func faults(in path: String = "/dev/kmsg") -> [Fault] {
        let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var faults: [Fault] = []
        var buffer = [UInt8](repeating: 0, count: 8 << 10)
        // One read is one record. A log that is written faster than it is read has no end, so there is one here.
        for _ in 0..<200_000 {
            let count = read(file, &buffer, buffer.count)
            if count < 0, errno == EPIPE || errno == EINTR { continue }
            guard count > 0 else { break }
            let record = String(decoding: buffer[..<count], as: UTF8.self)
            if let fault = fault(record), fatal.contains(fault.xid) { faults.append(fault) }
        }
        return faults
    }
}

extension String {
    /// Where the first occurrence of a text ends, looked for from a place on.
    fileprivate func range(of text: String, from start: Index) -> Index? {
        var place = start
        while place < endIndex {
            if self[place...].hasPrefix(text) { return index(place, offsetBy: text.count) }
            place = index(after: place)
        }
        return nil
    }
}
