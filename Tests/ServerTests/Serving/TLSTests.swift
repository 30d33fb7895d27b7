import Foundation
import HTTPTransport
import Logging
import Server
import Testing

@Suite("TLS")
struct TLSTests {
    /// A folder with certificates that sign themselves, for 127.0.0.1.
    private final class Folder: Sendable {
        let path = NSTemporaryDirectory() + "pawl-tls-" + UUID().uuidString

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func make(_ name: String) throws {
            let openssl = Process()
            openssl.executableURL = URL(filePath: "/usr/bin/openssl")
            openssl.arguments = [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1",
                "-keyout", "\(path)/\(name).key", "-out", "\(path)/\(name).pem",
            ]
            openssl.standardError = FileHandle.nullDevice
            try openssl.run()
            openssl.waitUntilExit()
            guard openssl.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
        }

        /// Puts a certificate and its key where the server looks for them.
        func show(_ name: String, key: String? = nil) throws {
            for (file, source) in [("key", key ?? name), ("pem", name)] {
                let new = "\(path)/new"
                try Data(contentsOf: URL(filePath: "\(path)/\(source).\(file)")).write(to: URL(filePath: new))
                guard rename(new, "\(path)/server.\(file)") == 0 else { throw CocoaError(.fileWriteUnknown) }
            }
        }
    }

    /// The status of an answer that a client has who trusts one certificate alone; nil where it does not trust the server.
    private func status(of address: String, trusting file: String) async throws -> Int? {
        let client = HTTPClient(settings: .init(authorityFile: file))
        defer { client.shutdown() }
        do {
            return try await client.send(HTTPRequest("GET", address + "/api/pipelines")).status
        } catch let error as HTTPError where error.message.contains("TLS failed") {
            return nil
        }
    }

    @Test("a certificate that was replaced is shown to new connections; one that does not fit its key is not")
    func reload() async throws {
        let folder = try Folder()
        for name in ["first", "second", "third"] { try folder.make(name) }
        try folder.show("first")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let certificate = try ServedCertificate(
            chainFile: folder.path + "/server.pem", keyFile: folder.path + "/server.key", logger: logger)
        try await APIServer.serve(change: { $0.certificate = certificate }) { server in
            let (first, second) = (folder.path + "/first.pem", folder.path + "/second.pem")
            #expect(try await status(of: server.address, trusting: first) == 401)
            #expect(try await status(of: server.address, trusting: second) == nil)
            try folder.show("second")
            #expect(try await status(of: server.address, trusting: second) == 401)
            #expect(try await status(of: server.address, trusting: first) == nil)
            try folder.show("third", key: "first")
            #expect(try await status(of: server.address, trusting: second) == 401)
        }
    }

    @Test("a certificate with another's key is refused at the start")
    func mismatch() throws {
        let folder = try Folder()
        for name in ["first", "second"] { try folder.make(name) }
        try folder.show("first", key: "second")
        #expect(throws: (any Error).self) {
            try ServedCertificate(
                chainFile: folder.path + "/server.pem", keyFile: folder.path + "/server.key",
                logger: Logger(label: "test"))
        }
    }
}
