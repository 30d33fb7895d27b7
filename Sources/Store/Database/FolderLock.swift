import Glibc
import NIOConcurrencyHelpers

/// Makes sure that one process alone has a data folder. The lock goes with the process, however it ends.
final class FolderLock: Sendable {
    private let descriptor: NIOLockedValueBox<Int32?>

    /// Takes a folder's lock.
    /// - Throws: `StoreError.inUse` where another process has it.
    init(folder: String) throws {
        let path = folder + "/lock"
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StoreError(
                .unavailable, message: "Cannot open \(path): \(errorText()). Check who owns the data folder.")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            Glibc.close(descriptor)
            throw StoreError(
                .inUse, message: "Another pawl has the data folder \(folder). Stop it, or name another.")
        }
        self.descriptor = NIOLockedValueBox(descriptor)
    }

    deinit { release() }

    /// Lets the folder go. May be called again.
    func release() {
        descriptor.withLockedValue { descriptor in
            if let descriptor {
                // A child that is being started may have the descriptor for a moment yet; the lock must not wait for that.
                flock(descriptor, LOCK_UN)
                Glibc.close(descriptor)
            }
            descriptor = nil
        }
    }
}

/// What the last failed call of the C library says about itself.
func errorText() -> String { String(cString: strerror(errno)) }

/// Makes a folder that only its owner reads, unless it is there.
func makeFolder(_ path: String) throws {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    throw StoreError(.unavailable, message: "Cannot make the folder \(path): \(errorText()).")
}
