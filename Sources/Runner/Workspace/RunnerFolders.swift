import FoundationEssentials
import PipelineModel

/// Where a runner keeps what, and its id.
struct RunnerFolders: Sendable {
    /// The runner's id, the same after a restart. It labels containers, so that two runners leave each other alone.
    let instance: String
    /// A folder for each attempt.
    let workspaces: String
    /// Results that no server has accepted yet.
    let results: String
    /// Scripts and secrets, in memory.
    let memory: String

    /// Makes what is missing, the id too.
    init(_ settings: RunnerSettings) throws {
        try PrivateFile.makeFolder(settings.stateFolder)
        let file = settings.stateFolder + "/instance"
        if let known = try? PrivateFile.read(file, limit: 64), known.count == 12, known.allSatisfy(Self.isDigit) {
            instance = String(decoding: known, as: UTF8.self)
        } else {
            let digits = Array("0123456789abcdef".utf8)
            let made = (0..<12).map { _ in digits[Int.random(in: 0..<digits.count)] }
            try PrivateFile.write(made, to: file, mode: 0o600, isDurable: true)
            instance = String(decoding: made, as: UTF8.self)
        }
        workspaces = settings.stateFolder + "/work"
        results = settings.stateFolder + "/results"
        memory = "\(settings.memoryFolder)/pawl-\(instance)"
        for folder in [workspaces, results, memory] { try PrivateFile.makeFolder(folder) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// What is handed over to the next process.
    var handovers: HandoverFolder { HandoverFolder(folder: memory) }

    /// Removes what attempts of an earlier process left, all but whole results and what belongs to attempts that go on.
    func removeLeftovers(sparing attempts: Set<AttemptID>) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: results)
        where name.hasSuffix(PrivateFile.unfinished) { try FolderRemoval.remove("\(results)/\(name)") }
        let spared = Set(attempts.flatMap { ["\($0)", "\($0).handover"] })
        for folder in [workspaces, memory] {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) where !spared.contains(name) {
                try FolderRemoval.remove("\(folder)/\(name)")
            }
        }
    }
}
