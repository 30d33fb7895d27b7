import ArgumentParser
import Foundation
import PipelineModel
import Server
import Signing

/// `pawl hook install`: puts a post-receive hook in place that signs and sends every push.
struct HookInstallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Add a bare repository, and put a hook in place that tells the server of every push.",
        usage: "pawl hook install <repository> [<options>]",
        discussion: """
            Example: pawl hook install /srv/git/churn.git

            The hook's secret is in the repository, in pawl-hook.json, for the account that installs it. Where other \
            accounts push as well, let their group read it: chgrp team pawl-hook.json; chmod g+r pawl-hook.json
            """)

    @Argument(help: "The bare repository.")
    var repository: String

    @Option(help: "The name people will use; by default the folder's.")
    var name: String?

    @Option(help: "The plain-Git forge's section in the settings.")
    var forge = "git"

    @Flag(help: "Make a new secret. The old one counts until the first push that is signed with the new one.")
    var newSecret = false

    @OptionGroup var options: ClientOptions

    private static let mark = "# Put here by `pawl hook install`."

    func run() async throws {
        let path = URL(fileURLWithPath: repository).standardizedFileURL.path
        let branch = try BareRepositoryHook.defaultBranch(of: path)
        let script = path + "/hooks/post-receive"
        try Self.checkNoOther(script)
        let earlier = try BareRepositoryHook.read(from: path)
        let hook = BareRepositoryHook(
            server: try ClientSettings.find(server: options.server).server, forge: forge,
            remoteID: earlier?.remoteID ?? Int64.random(in: 1...(1 << 52)), name: name ?? Self.name(of: path),
            secret: try newSecret ? AccessToken.make() : earlier?.secret ?? AccessToken.make())
        let addition: RepositoryAdditionView = try await options.client().change(
            "POST", "/api/repositories",
            body: RepositoryRequest(
                url: path, forge: forge,
                bare: BareRepositoryRequest(
                    remoteID: hook.remoteID, name: hook.name, defaultBranch: branch, hookSecret: hook.secret)))
        try hook.write(to: path)
        try Self.writeScript(script)
        try options.show(addition) { terminal in
            CheckRendering.lines(addition.checks, on: terminal) + [
                "", "  A push to \(hook.name.printable) runs from now on.",
            ]
        }
    }

    private static func name(of path: String) -> String {
        let folder = (path as NSString).lastPathComponent
        return folder.hasSuffix(".git") ? String(folder.dropLast(4)) : folder
    }

    /// A hook that somebody else wrote is not touched.
    private static func checkNoOther(_ script: String) throws {
        guard let text = try? String(contentsOfFile: script, encoding: .utf8), !text.contains(mark) else { return }
        throw CommandFailure(
            .refused, "\(script) is there already and not Pawl's.  Add to it: \(try program()) hook send \"$PWD\"")
    }

    private static func writeScript(_ script: String) throws {
        let text = """
            #!/bin/sh
            \(mark) It reads the pushed refs from standard input. A push never fails because of it.
            exec '\(try program().replacing("'", with: "'\\''"))' hook send "$PWD"

            """
        let folder = (script as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try PrivateFile.write(text, to: script)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
    }

    private static func program() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }
}
