import Glibc
import PipelineModel

/// The kernel's counters of a container on this machine, in either version of control groups.
struct ControlGroup: Sendable {
    /// A file with processor time, and what a unit in it is.
    private let cpuFile: String
    private let isMicroseconds: Bool
    private let peakFile: String?
    private static let root = "/sys/fs/cgroup"

    /// Finds the counters of a container by its first process; nil where that process is not seen from here, or is not of
    /// that container, as with an engine elsewhere.
    init?(ofProcess process: Int32, container: String, files: (String) -> String? = ControlGroup.read) {
        guard process > 0, let text = files("/proc/\(process)/cgroup") else { return nil }
        var paths: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[2].contains(container), !parts[2].contains("/..") else { continue }
            for controller in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
                paths[controller] = parts[2]
            }
        }
        if let path = paths["cpuacct"] {
            let memory = paths["memory"].map { "\(Self.root)/memory\($0)/memory.max_usage_in_bytes" }
            cpuFile = "\(Self.root)/cpuacct\(path)/cpuacct.usage"
            isMicroseconds = false
            peakFile = memory
        } else if let path = paths[""] {
            cpuFile = "\(Self.root)\(path)/cpu.stat"
            isMicroseconds = true
            peakFile = "\(Self.root)\(path)/memory.peak"
        } else {
            return nil
        }
        guard files(cpuFile) != nil else { return nil }
    }

    /// What was used until now; nil when the container has ended.
    func usage(files: (String) -> String? = ControlGroup.read) -> ContainerUsage? {
        guard let text = files(cpuFile) else { return nil }
        let count: Int64?
        if isMicroseconds {
            let line = text.split(separator: "\n").first { $0.hasPrefix("usage_usec ") }
            count = line?.split(separator: " ").last.flatMap { Int64($0) }
        } else {
            count = Int64(text.trimmingSpaces)
        }
        guard let count else { return nil }
        let peak = peakFile.flatMap(files).flatMap { Int64($0.trimmingSpaces) }
        return ContainerUsage(
            cpu: isMicroseconds ? .microseconds(count) : .nanoseconds(count),
            peakMemory: peak.map(ByteCount.init(bytes:)))
    }

    /// A small file of the kernel's, whole; nil where it is not there.
    static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = Glibc.read(file, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
