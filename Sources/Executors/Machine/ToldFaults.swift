import FoundationEssentials

/// Which errors of the kernel's log a runner has told its server of, across restarts of the runner but not of the
/// machine, whose log begins anew then.
struct ToldFaults: Sendable {
    private let file: String?
    private let boot: String
    private var highest: UInt64?

    /// Reads what was told since the machine started.
    init(file: String?, bootFile: String = "/proc/sys/kernel/random/boot_id") {
        self.file = file
        boot = Self.text(of: bootFile) ?? "unknown"
        let words = file.flatMap(Self.text)?.split(separator: " ") ?? []
        highest = words.count == 2 && words[0] == boot ? UInt64(words[1]) : nil
    }

    /// Whether an error was told of.
    func contains(_ sequence: UInt64) -> Bool { highest.map { sequence <= $0 } ?? false }

    /// Notes that an error was told of, and all that came before it. What cannot be written down is told of once more after
    /// a restart, which harms nobody.
    mutating func add(_ sequence: UInt64) {
        highest = max(highest ?? 0, sequence)
        guard let file, let highest else { return }
        try? Data("\(boot) \(highest)".utf8).write(to: URL(filePath: file), options: .atomic)
    }

    private static func text(of path: String) -> String? {
        guard let data = try? Data(contentsOf: URL(filePath: path)), data.count < 1_000 else { return nil }
        let text = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return text.isEmpty ? nil : text
    }
}
