import Archives
import Foundation
import Glibc
import PipelineModel
import Store

/// `.pawl/exec` in a checkout: the logs and artifacts of the last run of each job. Git never sees it.
struct ExecFolder: Sendable {
    /// The path within the checkout, as people are told it.
    static let name = ".pawl/exec"

    /// The folder.
    let path: String
    /// What a job's files are called.
    private let names: [String: String]

    /// Makes the folder, and takes away what earlier runs of these jobs left.
    /// - Throws: `CommandFailure` where the repository has put a link in its place.
    init(in root: String, jobs: [String]) throws {
        path = "\(root)/\(Self.name)"
        names = Self.fileNames(for: jobs)
        for folder in ["\(root)/.pawl", path] {
            var status = stat()
            if lstat(folder, &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
                throw CommandFailure(
                    .failed, "\(folder.printable) is no folder; logs and artifacts would land elsewhere")
            }
        }
        let files = FileManager.default
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data("*\n".utf8).write(to: URL(fileURLWithPath: path + "/.gitignore"))
        for job in jobs {
            for old in [log(of: job), artifacts(of: job)] {
                var status = stat()
                if lstat(old, &status) == 0 { try files.removeItem(atPath: old) }
            }
        }
    }

    /// Where a job's log is written.
    func log(of job: String) -> String { "\(path)/\(names[job] ?? "job").log" }

    /// The same, as people are told it.
    func shownLog(of job: String) -> String { "\(Self.name)/\(names[job] ?? "job").log" }

    /// Where a job's artifacts are laid.
    func artifacts(of job: String) -> String { "\(path)/\(names[job] ?? "job")" }

    /// Lays a job's artifact into its folder.
    func lay(_ artifact: ArtifactReference, of job: String, from store: Store, by way: String) async throws {
        guard FileManager.default.createFile(atPath: way, contents: nil, attributes: [.posixPermissions: 0o600]),
            let file = FileHandle(forWritingAtPath: way)
        else { throw CocoaError(.fileWriteUnknown) }
        defer { try? FileManager.default.removeItem(atPath: way) }
        for try await bytes in try await store.artifact(artifact.sha256) { try file.write(contentsOf: Data(bytes)) }
        try file.close()
        let folder = artifacts(of: job)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = try ArchiveUnpacker().unpack(way, into: folder)
    }

    /// A name for each job's files: job names are data and may hold anything.
    static func fileNames(for jobs: [String]) -> [String: String] {
        var taken: Set<String> = [".gitignore"]
        var names: [String: String] = [:]
        for job in jobs {
            var plain = String(
                job.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_" }.prefix(100))
            if plain.isEmpty || plain.hasPrefix(".") || plain.hasPrefix("-") { plain = "_" + plain }
            var name = plain
            var number = 2
            // A job `a` has the log `a.log`, which another job's folder may not be. Some disks know no capitals.
            while !taken.isDisjoint(with: [name.lowercased(), name.lowercased() + ".log"]) {
                name = "\(plain)-\(number)"
                number += 1
            }
            taken.formUnion([name.lowercased(), name.lowercased() + ".log"])
            names[job] = name
        }
        return names
    }
}
