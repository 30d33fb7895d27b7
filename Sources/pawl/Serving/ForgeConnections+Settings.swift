import Forges
import HTTPTransport
import PipelineModel
import Server
import Signing

extension ForgeConnections {
    /// Connects to every forge of the settings.
    /// - Throws: `SettingsError` with everything that is missing or wrong.
    init(_ forges: [Settings.Forge], sender: any HTTPSender) throws {
        var connections: [ForgeConnection] = []
        var problems: [String] = []
        for forge in forges {
            do {
                connections.append(try ForgeConnection(forge, sender: sender))
            } catch {
                problems.append("forge.\(forge.name): \(error)")
            }
        }
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
        self.init(connections)
    }
}

extension ForgeConnection {
    fileprivate init(_ forge: Settings.Forge, sender: any HTTPSender) throws {
        let now: @Sendable () -> Timestamp = { .wall }
        switch forge.kind {
        case .github:
            let address = forge.api ?? GitHubAPI.publicAddress
            let api = try GitHubAPI(
                forge: forge.name, address: address, credential: try forge.githubCredential(),
                cloneCredential: forge.clone, sender: sender, now: now)
            self.init(name: forge.name, kind: .github, api: api, webHost: Self.webHost(ofGitHub: address))
        case .gitlab:
            guard let address = forge.api, let token = forge.token else {
                throw SettingsError(problems: ["api and token-file are needed for a GitLab"])
            }
            let api = try GitLabAPI(
                forge: forge.name, address: address, token: token, cloneCredential: forge.clone, sender: sender,
                now: now)
            self.init(name: forge.name, kind: .gitlab, api: api, webHost: Self.host(of: address))
        case .git:
            var callback: (url: String, secret: Redacted)?
            if let url = forge.callback {
                guard let secret = forge.callbackSecret else {
                    throw SettingsError(problems: ["callback needs callback-secret-file"])
                }
                callback = (url, secret)
            }
            self.init(
                name: forge.name, kind: .git, api: try GitCallback(callback: callback, sender: sender, now: now))
        }
        clonesSubmodules = forge.clonesSubmodules
    }

    private static func host(of url: String) -> String {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        return String(rest.prefix { $0 != "/" })
    }

    /// The API of github.com is at a host of its own; that of an Enterprise Server is below the pages' host.
    private static func webHost(ofGitHub address: String) -> String {
        let host = host(of: address)
        return host == "api.github.com" ? "github.com" : host
    }
}

extension Settings.Forge {
    fileprivate func githubCredential() throws -> GitHubCredential {
        if let app { return .app(id: app.id, key: try RSASigningKey(pem: app.privateKey.revealed)) }
        if let token { return .token(token) }
        throw SettingsError(problems: ["token-file, or app-id with app-key-file, is needed for a GitHub"])
    }
}
