import Hummingbird
import PipelineModel
import Signing
import Store

/// Who may see which page: whoever logged in with a token sees all, a signed link shows one pipeline.
struct PageAccess: Sendable {
    /// Why a page is shown.
    enum Reader: Sendable {
        /// To the holder of this token.
        case person(Token)
        /// To whoever holds this grant for the pipeline.
        case holder(grant: String)

        /// What links on the page carry.
        var links: PageLinks {
            if case .holder(let grant) = self { return PageLinks(grant: grant) }
            return PageLinks()
        }

        /// Who is named at the top.
        var name: String? {
            if case .person(let token) = self { return token.name }
            return nil
        }
    }

    static let cookieName = "pawl_session"
    /// How long a login lasts.
    static let session = Duration.days(30)
    /// How long a link in a status shows its pipeline.
    static let link = Duration.days(90)

    private let store: Store
    private let now: @Sendable () -> Timestamp
    private let sessions: SignedGrant
    private let links: SignedGrant

    init(store: Store, key: [UInt8], now: @escaping @Sendable () -> Timestamp) throws {
        self.store = store
        self.now = now
        sessions = try SignedGrant(purpose: "page session", key: key)
        links = try SignedGrant(purpose: "pipeline page", key: key)
    }

    /// The value of a cookie that stands for a token. It is worth nothing once the token is revoked.
    func cookie(for token: Token) throws -> String {
        "\(token.id):" + (try sessions.text(for: [token.id.description], until: expiry))
    }

    private var expiry: Int64 { (now() + Self.session).milliseconds / 1_000 }

    /// Who asks, for a pipeline's page or for a page about all of them; nil for a stranger.
    func reader(of request: Request, for pipeline: PipelineID?) async throws -> Reader? {
        if let token = try await token(in: request) { return .person(token) }
        guard let pipeline, let grant = request.uri.queryParameters["grant"],
            try links.check(String(grant), for: [pipeline.description], now: now().milliseconds / 1_000) == .granted
        else { return nil }
        return .holder(grant: String(grant))
    }

    private func token(in request: Request) async throws -> Token? {
        guard let value = request.cookies[Self.cookieName]?.value, let colon = value.firstIndex(of: ":"),
            let number = Int64(value[..<colon])
        else { return nil }
        let text = String(value[value.index(after: colon)...])
        guard try sessions.check(text, for: [String(number)], now: now().milliseconds / 1_000) == .granted else {
            return nil
        }
        return try await store.tokens().first { $0.id.rawValue == number && $0.revokedAt == nil }
    }
}
