import Glibc

/// Holds a folder for this process: two runners must not take each other's workspaces for leftovers.
struct FolderLock: ~Copyable {
    private let descriptor: Int32

    /// Takes the folder. The lock ends with the value, and with the process however that ends.
    /// - Throws: `RunnerError.folder` where another has it.
    init(_ folder: String) throws {
        let path = folder + "/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw PrivateFile.failure("open", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw RunnerError(
                .folder, message: "Another runner uses \(folder). Give each a state folder of its own.")
        }
    }

    deinit {
        // A child that is being started may have the descriptor for a moment yet; the lock must not wait for that.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
