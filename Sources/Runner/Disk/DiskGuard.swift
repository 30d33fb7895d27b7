import PipelineModel

/// Keeps a runner from claiming what its disk has no room for.
struct DiskGuard: Sendable {
    /// The folder whose disk counts.
    var folder: String
    /// Below this much free disk nothing new is claimed.
    var lowWater: ByteCount

    /// Why nothing is to be claimed now, in words; nil when there is room.
    func shortage() -> String? {
        let free: Int64
        do { free = try DiskSpace(of: folder).free } catch { return "\(error)" }
        guard free < lowWater.bytes else { return nil }
        return "\(folder) has \(free >> 20) MiB free, less than the \(lowWater.bytes >> 20) MiB that have to be"
    }
}
