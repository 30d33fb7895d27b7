import FoundationEssentials
import HTTPTransport
import PipelineModel
import Signing

/// Gives out the token for a request: the configured one, or an installation's of a GitHub App, kept until shortly
/// before it expires.
actor GitHubTokens {
    struct Token: Sendable {
        let text: Redacted
        let expiresAt: Timestamp?
    }

    private let credential: GitHubCredential
    private let client: ForgeClient
    /// Installations by the repository's path, and their tokens. A request that is under way is waited for, not doubled.
    private var installations: [String: Int64] = [:]
    private var tokens: [Int64: Token] = [:]
    private var underWay: [String: Task<Token, any Error>] = [:]

    /// A token that ends sooner than this is not used any more: a request may take a while to arrive.
    private static let reserve = Duration.minutes(5)

    init(credential: GitHubCredential, client: ForgeClient) {
        self.credential = credential
        self.client = client
    }

    /// The token for requests about a repository.
    func token(for repository: GitHubPath) async throws -> Token {
        switch credential {
        case .token(let text): return Token(text: text, expiresAt: nil)
        case .app(let id, let key): return try await installationToken(for: repository, id: id, key: key)
        }
    }

    private func installationToken(for repository: GitHubPath, id: String, key: RSASigningKey) async throws -> Token {
        if let token = installations[repository.text].flatMap({ tokens[$0] }), isFresh(token) { return token }
        if let task = underWay[repository.text] { return try await task.value }
        // Not a child of the caller's task: others wait for it too, and must not fail because one caller gave up.
        let task = Task {
            let installation = try await self.installation(of: repository, id: id, key: key)
            if let token = self.tokens[installation], self.isFresh(token) { return token }
            let token = try await self.mint(installation, body: [:], id: id, key: key)
            self.tokens[installation] = token
            return token
        }
        underWay[repository.text] = task
        defer { underWay[repository.text] = nil }
        return try await task.value
    }

    /// A token that can only read the contents of one repository, made for this call alone; nil without an App.
    func cloneToken(for repository: GitHubPath, number: Int64) async throws -> Token? {
        guard case .app(let id, let key) = credential else { return nil }
        let installation = try await installation(of: repository, id: id, key: key)
        return try await mint(
            installation, body: ["repository_ids": [.integer(number)], "permissions": ["contents": "read"]], id: id,
            key: key)
    }

    /// The token to use instead of one that GitHub no longer knows; nil where there is no other to be had.
    func token(for repository: GitHubPath, insteadOf refused: Token) async throws -> Token? {
        guard case .app = credential else { return nil }
        // Another request may have met the same refusal, and its new token must not be thrown away.
        if let installation = installations[repository.text], tokens[installation]?.text == refused.text {
            installations[repository.text] = nil
            tokens[installation] = nil
        }
        return try await token(for: repository)
    }

    private func isFresh(_ token: Token) -> Bool {
        token.expiresAt.map { client.now() + Self.reserve < $0 } ?? true
    }

    private func installation(of repository: GitHubPath, id: String, key: RSASigningKey) async throws -> Int64 {
        if let known = installations[repository.text] { return known }
        let task = "find the App's installation for \(repository.text)"
        let answer = try await client.exchange(
            "GET", repository.path + "/installation", headers: GitHubAPI.headers(try appToken(id: id, key: key)))
        guard answer.isSuccess else {
            throw client.error(answer, task, hint: "Install the App on the repository, on the App's page at GitHub.")
        }
        guard let installation = answer.body?["id"]?.whole else { throw client.unreadable(task) }
        installations[repository.text] = installation
        return installation
    }

    private func mint(_ installation: Int64, body: JSONValue, id: String, key: RSASigningKey) async throws -> Token {
        let task = "make a token for the App's installation"
        let answer = try await client.exchange(
            "POST", "/app/installations/\(installation)/access_tokens",
            headers: GitHubAPI.headers(try appToken(id: id, key: key)), body: body)
        guard answer.isSuccess else {
            if answer.status == 404 { installations = installations.filter { $0.value != installation } }
            throw client.error(answer, task, hint: "Give the App the permission Contents: read, and accept it.")
        }
        guard let text = answer.body?["token"]?.text,
            let expiry = answer.body?["expires_at"]?.text.flatMap(Timestamp.init(iso8601:))
        else { throw client.unreadable(task) }
        return Token(text: Redacted(text), expiresAt: expiry)
    }

    /// The App's own token: a JSON Web Token that GitHub takes for at most ten minutes. It is dated a minute back,
    /// because GitHub refuses one from the future when clocks differ.
    private func appToken(id: String, key: RSASigningKey) throws(SigningError) -> Redacted {
        let now = client.now().milliseconds / 1_000
        let claims: JSONValue = ["iat": .integer(now - 60), "exp": .integer(now + 540), "iss": .string(id)]
        return Redacted(try key.webToken(claims: claims.bytes))
    }
}

extension Timestamp {
    /// Reads a time such as `2026-11-24T03:13:47Z`, with or without fractions of a second.
    init?(iso8601 text: String) {
        let styles = [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)]
        guard let date = styles.lazy.compactMap({ try? $0.parse(text) }).first else { return nil }
        self.init(milliseconds: Int64(date.timeIntervalSince1970 * 1_000))
    }
}
