import ArgumentParser
import Foundation
import PipelineModel
import Server
import Store

/// `pawl backup`
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Fetch a copy of the database, as it is at one moment.",
        discussion: """
            Example: pawl backup --to /srv/backup/pawl.sqlite
            Logs and artifacts are files beside the database and are not in it. Secrets in it stay sealed: keep the
            sealing key elsewhere, and safe.
            """)

    @Option(help: ArgumentHelp("The file to make.", valueName: "file"))
    var to: String

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let files = FileManager.default
        guard !files.fileExists(atPath: to) else {
            throw CommandFailure(.usage, "\(to.printable) is there already; name a new file")
        }
        let client = try options.client()
        let part = to + ".part"
        guard files.createFile(atPath: part, contents: nil, attributes: [.posixPermissions: 0o600]),
            let file = FileHandle(forWritingAtPath: part)
        else { throw CommandFailure(.failed, "cannot write \(part.printable)") }
        var size: Int64 = 0
        do {
            for try await chunk in try await client.stream("/api/backup") {
                try file.write(contentsOf: Data(chunk))
                size += Int64(chunk.count)
            }
            try Task.checkCancellation()
            try file.synchronize()
            try file.close()
            _ = try Store.checkBackup(at: part)
            try files.moveItem(atPath: part, toPath: to)
        } catch {
            try? file.close()
            try? files.removeItem(atPath: part)
            if let failure = error as? CommandFailure { throw failure }
            throw CommandFailure(.failed, "the backup did not arrive whole: \("\(error)".printable).  pawl doctor")
        }
        let view = BackupView(path: to, bytes: size)
        try options.show(view) { _ in ["\(to.printable), \(ByteCount(bytes: size).text), read back and whole"] }
    }
}

/// What a backup came to.
struct BackupView: Codable {
    /// The file it is in.
    var path: String
    /// The file's size.
    var bytes: Int64
}

/// `pawl restore`
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in place of the database, while the server is stopped.",
        discussion: """
            Example: systemctl stop pawl && pawl restore /srv/backup/pawl.sqlite --data /var/lib/pawl
            The database that was there is kept beside it.
            """)

    @Argument(help: "A file that pawl backup made.")
    var file: String

    @Option(help: "The server's data folder.")
    var data: String

    @Flag(help: "Print one JSON object with the same facts.")
    var json = false

    func run() async throws {
        do {
            let view = RestoreView(
                backup: file, formerDatabase: try Store.restoreBackup(at: file, to: data, now: .now))
            guard !json else { return Output.line(try ClientOptions.jsonText(view)) }
            let kept = view.formerDatabase.map { "  What was there is \($0.printable)" }
            Output.line("\(file.printable) is in place.\(kept ?? "")")
        } catch let error as StoreError {
            throw CommandFailure(store: error)
        }
    }
}

/// What a restoration came to.
struct RestoreView: Codable {
    /// The backup that is in place now.
    var backup: String
    /// Where the database is now that was there before; nil where there was none.
    var formerDatabase: String?
}
