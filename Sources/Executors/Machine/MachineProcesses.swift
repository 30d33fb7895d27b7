import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Whose the processes of this machine are.
struct MachineProcesses: Sendable {
    /// Where the kernel tells of them.
    var folder = "/proc"

    /// Whose a process is.
    enum Holder: Hashable, Sendable {
        /// It runs in one of the containers that were named.
        case ours
        /// It does not; the name of its account, where it has one.
        case foreign(account: String?)
        /// It has ended meanwhile.
        case gone
    }

    /// Looks whose a process is.
    /// - Parameter containers: the ids of this runner's containers.
    func holder(of pid: Int32, containers: Set<String>) -> Holder {
        let path = "\(folder)/\(pid)"
        guard let groups = try? Data(contentsOf: URL(filePath: path + "/cgroup")) else { return .gone }
        let text = String(decoding: groups.prefix(64 << 10), as: UTF8.self)
        // A container's id is a part of the path, by itself or as in docker-<id>.scope.
        let parts = text.split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
        if parts.contains(where: { containers.contains(String($0)) }) { return .ours }
        return .foreign(account: account(of: path))
    }

    private func account(of path: String) -> String? {
        var facts = stat()
        guard stat(path, &facts) == 0, let entry = getpwuid(facts.st_uid), let name = entry.pointee.pw_name else {
            return nil
        }
        return String(cString: name)
    }
}
