import Foundation
import PipelineModel

/// The secrets of a run: given for it alone, masked in its logs.
struct ExecSecrets: Sendable {
    /// The longest file of variables, in bytes.
    private static let limit = 1 << 20

    /// Values by name.
    private(set) var values: [(name: String, value: Redacted)] = []

    /// Reads a file of `NAME=value` lines, and then the named ones from standard input.
    init(envFile: String?, names: [String]) throws {
        if let envFile { values = try Self.read(envFile) }
        guard names.count < 2 || isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure(.usage, "standard input holds one secret.  Give more of them with --env-file FILE")
        }
        for name in names {
            guard Self.isName(name) else {
                throw CommandFailure(.usage, "\"\(name.printable)\" cannot be a variable's name")
            }
            let value = try SecretInput.read(prompt: "\(name), not echoed: ", isFile: false)
            values.removeAll { $0.name == name }
            values.append((name, value))
        }
    }

    private static func read(_ path: String) throws -> [(name: String, value: Redacted)] {
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            data = try file.read(upToCount: limit + 1) ?? Data()
        } catch {
            throw CommandFailure(.usage, "\(path.printable) cannot be read")
        }
        guard data.count <= limit else { throw CommandFailure(.usage, "\(path.printable) is longer than 1 MiB") }
        guard let text = String(data: data, encoding: .utf8) else {
            throw CommandFailure(.usage, "\(path.printable) is not text in UTF-8")
        }
        return try parse(text, file: path)
    }

    /// Reads `NAME=value` lines: blank ones and those that begin with `#` say nothing, `export` before a name and quotes
    /// around a value are left out. A complaint names the line, never what is in it.
    static func parse(_ text: String, file: String) throws -> [(name: String, value: Redacted)] {
        var values: [(name: String, value: Redacted)] = []
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            var rest = line.trimmingSpaces[...]
            if rest.isEmpty || rest.hasPrefix("#") { continue }
            if rest.hasPrefix("export ") { rest = rest.dropFirst(7).drop { $0 == " " } }
            guard let equals = rest.firstIndex(of: "="), isName(String(rest[..<equals])) else {
                throw CommandFailure(.usage, "\(file.printable):\(number + 1) is no variable: write NAME=value")
            }
            let name = String(rest[..<equals])
            var value = rest[rest.index(after: equals)...]
            for quote in ["\"", "'"] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
                value = value.dropFirst().dropLast()
                break
            }
            values.removeAll { $0.name == name }
            if !value.isEmpty { values.append((name, Redacted(String(value)))) }
        }
        return values
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.first, first.isASCII, first.isLetter || first == "_" else { return false }
        return text.utf8.count <= 256 && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }
}
