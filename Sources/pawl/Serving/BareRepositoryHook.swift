import Foundation
import PipelineModel

/// What a bare repository's hook knows: where to send, as whom, signed with what. Kept in the repository, for its owner
/// alone: whoever can read it can send events. Where several accounts push, the owner gives it to their group.
struct BareRepositoryHook: Codable {
    /// The server's address.
    var server: String
    /// The forge's section in the server's settings.
    var forge: String
    /// The number that stands for the repository; made once.
    var remoteID: Int64
    /// The name people use.
    var name: String
    /// Signs what is sent.
    var secret: String

    private static func path(in repository: String) -> String { repository + "/pawl-hook.json" }

    /// Whether this account may read what an installation left. True where there is none.
    static func isReadable(in repository: String) -> Bool {
        let path = path(in: repository)
        return FileManager.default.isReadableFile(atPath: path) || !FileManager.default.fileExists(atPath: path)
    }

    /// What an earlier installation left; nil where there was none.
    static func read(from repository: String) throws -> BareRepositoryHook? {
        guard let data = FileManager.default.contents(atPath: path(in: repository)) else { return nil }
        guard let hook = try? JSONDecoder().decode(BareRepositoryHook.self, from: data) else {
            throw CommandFailure(
                .failed, "\(path(in: repository)) cannot be read.  Remove it, and: pawl hook install \(repository)")
        }
        return hook
    }

    /// Keeps it.
    func write(to repository: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try PrivateFile.write(
            String(decoding: try encoder.encode(self), as: UTF8.self) + "\n", to: Self.path(in: repository))
    }

    /// The branch that a bare repository's HEAD names.
    /// - Throws: `CommandFailure` where the folder is not a bare repository.
    static func defaultBranch(of repository: String) throws -> String {
        let prefix = "ref: refs/heads/"
        guard FileManager.default.fileExists(atPath: repository + "/objects"),
            let head = try? String(contentsOfFile: repository + "/HEAD", encoding: .utf8).trimmingSpaces,
            head.hasPrefix(prefix)
        else { throw CommandFailure(.usage, "\(repository) is not a bare repository.  git init --bare makes one") }
        return String(head.dropFirst(prefix.count))
    }

    /// What the server is told of the repository.
    func reference(at repository: String) throws -> RepositoryReference {
        RepositoryReference(
            forge: forge, remoteID: remoteID, name: name, cloneURL: repository,
            defaultBranch: try Self.defaultBranch(of: repository))
    }
}
