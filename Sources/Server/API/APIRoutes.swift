import Hummingbird
import Logging
import PipelineModel
import Signing
import Store

/// The HTTP API under `/api`: JSON, a bearer token, every refusal with a sentence that helps. `docs/api.md` lists it.
public struct APIRoutes: Sendable {
    typealias Handler = @Sendable (APICall) async throws -> Response

    let environment: APIEnvironment
    private let limiter: BadTokenLimiter

    /// Answers from this environment.
    public init(_ environment: APIEnvironment) {
        self.environment = environment
        limiter = BadTokenLimiter()
    }

    /// Adds every route of the API.
    public func add<Context: RemoteAddressRequestContext>(to router: some RouterMethods<Context>) {
        router.get("/api/health") { _, _ in try Response.json(["status": "ok"]) }
        for route in routes {
            router.on(route.path, method: route.method) { request, context in
                await answer(request, context, needs: route.scope, to: route.purpose, route.handler)
            }
        }
    }

    /// A path, who may ask for it, and the verb that a refusal names.
    struct Route: Sendable {
        var method: HTTPRequest.Method
        var path: RouterPath
        var scope: TokenScope
        var purpose: String
        var handler: Handler
    }

    private var routes: [Route] { readingRoutes + actingRoutes + administrationRoutes + runnerRoutes }

    private func answer(
        _ request: Request, _ context: some RemoteAddressRequestContext, needs scope: TokenScope, to purpose: String,
        _ handler: Handler
    ) async -> Response {
        do {
            let token = try await authenticate(request, from: context.remoteAddress?.ipAddress ?? "local")
            guard token.scope >= scope else {
                throw APIRefusal(
                    .forbidden,
                    "this token may \(token.scope), not \(purpose) (needs scope \(scope)).  "
                        + "pawl token create NAME --scope \(scope)")
            }
            return try await handler(
                APICall(request: request, parameters: context.parameters, token: token, environment: environment))
        } catch {
            let refusal = APIRefusal(telling: error)
            if refusal.code == .fault {
                context.logger.error(
                    "API request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            }
            return .refusal(refusal)
        }
    }

    /// The token that a request shows in its `Authorization` header.
    private func authenticate(_ request: Request, from address: String) async throws -> Token {
        guard let header = request.headers[.authorization], header.lowercased().hasPrefix("bearer ") else {
            throw APIRefusal(.unauthorized, "no token was sent.  pawl init, or set PAWL_TOKEN")
        }
        return try await TokenCheck(environment: environment, limiter: limiter)
            .token(String(header.dropFirst("bearer ".count)).trimmingSpaces, from: address)
    }
}

/// Finds the token behind a text, and slows down whoever guesses.
struct TokenCheck: Sendable {
    let environment: APIEnvironment
    let limiter: BadTokenLimiter

    /// The good token of that text.
    /// - Throws: `APIRefusal` with `unauthorized` or `tooMany`.
    func token(_ text: String, from address: String) async throws -> Token {
        let now = environment.now()
        if let wait = limiter.wait(for: address, now: now) {
            throw APIRefusal(.tooMany, "too many wrong tokens from \(address); the next is looked at in \(wait.text)")
        }
        guard AccessToken.isWellFormed(text),
            let token = try await environment.store.token(hash: AccessToken.storedHash(of: text), now: now)
        else {
            limiter.countWrong(from: address, now: now)
            throw APIRefusal(.unauthorized, "this token is not known, or was revoked.  pawl token create on the server")
        }
        return token
    }
}
