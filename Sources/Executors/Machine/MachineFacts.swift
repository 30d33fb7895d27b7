#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
import PipelineModel

/// What a machine has whether or not it has GPUs.
public enum MachineFacts {
    /// How many CPUs the system may use.
    public static var cpus: Double { Double(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Its memory; nil where the system does not say.
    public static var memory: ByteCount? {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        guard pages > 0, size > 0 else { return nil }
        let (bytes, overflow) = Int64(pages).multipliedReportingOverflow(by: Int64(size))
        return overflow ? nil : ByteCount(bytes: bytes)
    }
}
