import Glibc
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL

/// The certificate that the server shows, with its key, both from files in PEM. When the files change, connections that
/// are made from then on get the new one; a pair that cannot be used is told in the log, and the one before stays.
public final class ServedCertificate: Sendable {
    private struct Pair {
        var chain: [NIOSSLCertificate]
        var key: NIOSSLPrivateKey
        var marks: [FileMark?]
    }

    private let chainFile: String
    private let keyFile: String
    private let logger: Logger
    private let pair: NIOLockedValueBox<Pair>

    /// Reads the files.
    /// - Throws: NIOSSL's error where one cannot be read, or the two do not belong together.
    public init(chainFile: String, keyFile: String, logger: Logger) throws {
        self.chainFile = chainFile
        self.keyFile = keyFile
        self.logger = logger
        pair = NIOLockedValueBox(try Self.read(chainFile, keyFile))
    }

    /// What the server's TLS is made of. Older versions than TLS 1.2 are refused.
    func configuration() -> TLSConfiguration {
        let first = pair.withLockedValue { $0 }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: first.chain.map { .certificate($0) }, privateKey: .privateKey(first.key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.sslContextCallback = { _, promise in
            // Not on the connection's own thread: what the library notes there of a pair that it cannot use would fail
            // the handshake.
            promise.completeWithTask {
                let now = self.current()
                var override = NIOSSLContextConfigurationOverride()
                override.certificateChain = now.chain.map { .certificate($0) }
                override.privateKey = .privateKey(now.key)
                return override
            }
        }
        return configuration
    }

    /// The pair as its files have it now.
    private func current() -> Pair {
        pair.withLockedValue { known in
            let marks = Self.marks(chainFile, keyFile)
            guard marks != known.marks else { return known }
            do {
                known = try Self.read(chainFile, keyFile)
                logger.notice("the certificate was read anew", metadata: ["file": "\(chainFile)"])
            } catch {
                // Files that are being replaced do not match for a moment; they are looked at again with the next change.
                known.marks = marks
                logger.error(
                    "the new certificate cannot be used; the one before stays",
                    metadata: ["file": "\(chainFile)", "error": "\(error)"])
            }
            return known
        }
    }

    private static func read(_ chainFile: String, _ keyFile: String) throws -> Pair {
        let marks = marks(chainFile, keyFile)
        let chain = try NIOSSLCertificate.fromPEMFile(chainFile)
        let key = try NIOSSLPrivateKey(file: keyFile, format: .pem)
        // A context takes a pair only where the key is the certificate's.
        _ = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
        return Pair(chain: chain, key: key, marks: marks)
    }

    private static func marks(_ files: String...) -> [FileMark?] { files.map(FileMark.init(of:)) }
}

/// By what a file that was replaced or written to is told from the one before.
private struct FileMark: Equatable {
    var inode: UInt
    var size: Int
    var seconds: Int
    var nanoseconds: Int

    init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}
