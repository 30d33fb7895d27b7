import Glibc

/// How many files and connections the process may have open.
enum OpenFiles {
    /// Enough for some hundred jobs, each with connections, a log and folders that are walked through.
    private static let wanted: rlim_t = 65_536

    /// Raises the limit as far as the machine allows. Shells usually start programs with 1,024, which is a limit for
    /// programs of long ago and not one that somebody chose.
    static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < wanted else {
            return
        }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
