#if canImport(Glibc)
    import CMalloc
#endif

/// How this process asks the system for memory.
enum ProcessMemory {
    /// Has buffers of 128 KiB and more given back as soon as they are free.
    ///
    /// glibc begins so, and keeps larger and larger ones once it has seen them freed. Of a file that is passed on in parts,
    /// some would stay between what lives longer: 60 MB of the 2 GiB that one job hands to another.
    static func giveLargeBuffersBack() {
        #if canImport(Glibc)
            mallopt(M_MMAP_THRESHOLD, 128 << 10)
        #endif
    }
}
