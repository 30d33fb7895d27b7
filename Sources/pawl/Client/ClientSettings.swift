import Foundation
import PipelineModel

/// Which server the commands speak to, and with what token.
///
/// Each is taken from the first place that has it. Server: `--server`, `PAWL_SERVER`, the client file. Token:
/// `PAWL_TOKEN`, the file named by `PAWL_TOKEN_FILE`, the client file. The client file is `PAWL_CLIENT_FILE`, else
/// `~/.config/pawl/client.json`; `pawl init` writes it.
struct ClientSettings: Sendable {
    /// What the client file holds.
    struct File: Codable, Sendable {
        /// The server's address.
        var server: String
        /// The token.
        var token: String
    }

    /// The server's address, without a slash at its end.
    var server: String
    /// The token.
    var token: Redacted

    /// Where the client file is.
    static func filePath(environment: [String: String]) -> String {
        if let path = environment["PAWL_CLIENT_FILE"], !path.isEmpty { return path }
        let home = environment["HOME"] ?? "."
        let folder = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? home + "/.config"
        return folder + "/pawl/client.json"
    }

    /// Finds both.
    /// - Throws: `CommandFailure` that says which one is missing and how to give it.
    static func find(
        server: String?, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> ClientSettings {
        let path = filePath(environment: environment)
        let file = try read(path)
        guard
            let address = [server, environment["PAWL_SERVER"], file?.server].lazy.compactMap({ $0 }).first(where: {
                !$0.isEmpty
            })
        else {
            throw CommandFailure(.usage, "no server is named.  pawl init, or set PAWL_SERVER")
        }
        guard address.hasPrefix("http://") || address.hasPrefix("https://") else {
            throw CommandFailure(.usage, "\(address.printable) is not an http or https address")
        }
        guard let token = try token(environment: environment, file: file, server: address) else {
            throw CommandFailure(.usage, "no token for \(address.printable).  pawl init, or set PAWL_TOKEN")
        }
        return ClientSettings(
            server: address.hasSuffix("/") ? String(address.dropLast()) : address, token: Redacted(token))
    }

    private static func token(environment: [String: String], file: File?, server: String) throws -> String? {
        if let token = environment["PAWL_TOKEN"]?.trimmingSpaces, !token.isEmpty { return token }
        if let path = environment["PAWL_TOKEN_FILE"], !path.isEmpty {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw CommandFailure(.usage, "PAWL_TOKEN_FILE names \(path.printable), which cannot be read")
            }
            return text.trimmingSpaces
        }
        // The client file's token is for its own server: another address never gets it.
        guard let file, trimmed(file.server) == trimmed(server) else { return nil }
        return file.token
    }

    private static func trimmed(_ address: String) -> String {
        address.hasSuffix("/") ? String(address.dropLast()) : address
    }

    private static func read(_ path: String) throws -> File? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        guard let file = try? JSONDecoder().decode(File.self, from: data) else {
            throw CommandFailure(.usage, "\(path.printable) is not a client file.  pawl init writes one")
        }
        return file
    }
}
