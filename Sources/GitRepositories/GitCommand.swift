import PipelineModel
import Subprocess
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Runs `git` with a clean environment: no prompt, no hooks, no configuration of the account or the machine.
///
/// Arguments are data. Names that strangers choose are checked by `GitName` before they come here.
struct GitCommand: Sendable {
    /// How a call ended.
    struct Outcome: Sendable {
        /// The exit code; nil when a signal ended it.
        var code: Int?
        /// What it wrote.
        var output: [UInt8]
        /// What it complained of, bounded.
        var complaint: String

        var text: String { String(decoding: output, as: UTF8.self) }
        var isSuccess: Bool { code == 0 }
    }

    /// Which kinds of addresses git may go to.
    enum Reach: String, Sendable {
        /// Servers and this machine's own repositories: what an administrator has added may be either.
        case anywhere = "https:http:ssh:git:file"
        /// Servers that prove who they are.
        case provenServers = "https"
        /// A server that has been looked at by its name, even where it proves nothing.
        case namedServer = "https:http"

        /// The schemes of URLs.
        var schemes: [Substring] { rawValue.split(separator: ":") }
    }

    /// A configuration file of ours that stands in the place of the account's.
    let configuration: String

    /// Runs git and takes its output.
    /// - Throws: `GitError`: `tooLarge` past the limit, `unreachable` past the time.
    func run(
        _ arguments: [String], in folder: String, login: GitLogin? = nil, input: [UInt8] = [],
        outputLimit: Int = 1 << 20, timeout: Duration = .seconds(60), reach: Reach = .anywhere
    ) async throws -> Outcome {
        let environment = environment(login: login, reach: reach)
        return try await withThrowingTaskGroup(of: Outcome?.self) { group in
            group.addTask {
                try await Self.execute(
                    arguments, in: folder, environment: environment, input: input, outputLimit: outputLimit)
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let outcome = first else {
                throw GitError(
                    .unreachable, message: "git \(arguments.first ?? "") took longer than \(timeout.text) and was ended"
                )
            }
            return outcome
        }
    }

    /// Runs git and takes its output, a failure being an error.
    func require(
        _ arguments: [String], in folder: String, login: GitLogin? = nil, input: [UInt8] = [],
        outputLimit: Int = 1 << 20, timeout: Duration = .seconds(60), reach: Reach = .anywhere
    ) async throws -> Outcome {
        let outcome = try await run(
            arguments, in: folder, login: login, input: input, outputLimit: outputLimit, timeout: timeout, reach: reach)
        guard outcome.isSuccess else { throw GitError(reading: outcome, of: arguments.first ?? "") }
        return outcome
    }

    private static func execute(
        _ arguments: [String], in folder: String, environment: [Environment.Key: String], input: [UInt8],
        outputLimit: Int
    ) async throws -> Outcome {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
        do {
            let result = try await Subprocess.run(
                .name("git"), arguments: Arguments(arguments), environment: .custom(environment),
                workingDirectory: FilePath(folder), platformOptions: options, input: .array(input),
                output: .bytes(limit: outputLimit), error: .string(limit: 64 << 10))
            let code: Int? = if case .exited(let code) = result.terminationStatus { Int(code) } else { nil }
            return Outcome(code: code, output: result.standardOutput, complaint: result.standardError)
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            throw GitError(
                .tooLarge, message: "git \(arguments.first ?? "") gave more than the \(outputLimit) bytes that are read"
            )
        } catch let error as SubprocessError {
            throw GitError(.failed, message: "git could not be run: \(error).  Is git installed?")
        }
    }

    private func environment(login: GitLogin?, reach: Reach) -> [Environment.Key: String] {
        var variables: [Environment.Key: String] = [
            "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": configuration, "GIT_ALLOW_PROTOCOL": reach.rawValue, "GIT_LITERAL_PATHSPECS": "1",
            "GIT_OPTIONAL_LOCKS": "0", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes", "HOME": "/nonexistent",
        ]
        // What leads git to its own parts, and through a proxy to the forge, is the machine's to say.
        for name in [
            "PATH", "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE",
            "GIT_SSL_CAINFO",
        ] {
            if let value = getenv(name) { variables[Environment.Key(stringLiteral: name)] = String(cString: value) }
        }
        guard let login else { return variables }
        // The password is in the environment of git and its helper alone, never in an argument, a URL or a file.
        variables["PAWL_GIT_USER"] = login.credential.user
        variables["PAWL_GIT_PASSWORD"] = login.credential.password.revealed
        let settings = login.settings
        variables["GIT_CONFIG_COUNT"] = "\(settings.count)"
        for (number, setting) in settings.enumerated() {
            variables[Environment.Key(stringLiteral: "GIT_CONFIG_KEY_\(number)")] = setting.key
            variables[Environment.Key(stringLiteral: "GIT_CONFIG_VALUE_\(number)")] = setting.value
        }
        return variables
    }
}
