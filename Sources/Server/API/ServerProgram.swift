import NIOConcurrencyHelpers
import NIOCore
import Signing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The program that this server is, which machines that join are given, so that both ends are always of one version.
///
/// It is kept open: what is replaced on disk while the server runs does not change what is handed out.
public final class ServerProgram: Sendable {
    private let file: Int32
    /// Its size in bytes.
    public let size: Int64
    private let known = NIOLockedValueBox<String?>(nil)

    /// Opens the running program, or another file.
    /// - Throws: `APIRefusal` where it cannot be read.
    public init(path: String = "/proc/self/exe") throws {
        file = open(path, O_RDONLY | O_CLOEXEC)
        var facts = stat()
        guard file >= 0, fstat(file, &facts) == 0 else {
            throw APIRefusal(.fault, "the server cannot read its own program")
        }
        size = Int64(facts.st_size)
    }

    deinit { close(file) }

    /// Its SHA-256 in 64 hexadecimal digits. Reads the file once; later calls know it.
    /// - Throws: `APIRefusal` where it cannot be read.
    public func digest() async throws -> String {
        if let digest = known.withLockedValue({ $0 }) { return digest }
        var digest = try SHA256Digest()
        try await pieces { try digest.update($0) }
        let text = Hex.encode(try digest.finish())
        known.withLockedValue { $0 = text }
        return text
    }

    /// Hands its bytes on, in pieces of up to a mebibyte.
    /// - Throws: `APIRefusal` where it cannot be read, and what `take` throws.
    func pieces(_ take: (ArraySlice<UInt8>) async throws -> Void) async throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset: Int64 = 0
        while offset < size {
            let count = pread(file, &buffer, buffer.count, off_t(offset))
            guard count > 0 else { throw APIRefusal(.fault, "the server cannot read its own program") }
            try await take(buffer[..<count])
            offset += Int64(count)
        }
    }
}
