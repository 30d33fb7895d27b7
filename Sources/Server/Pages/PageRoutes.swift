import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import PipelineModel
import Signing
import Store

/// The pages: pipelines, each with its jobs and logs, for people with a browser. Rendered here, live with a tiny script,
/// whole without it.
public struct PageRoutes: Sendable {
    let environment: APIEnvironment
    let access: PageAccess
    let library: PageLibrary
    private let limiter = BadTokenLimiter()
    private let isSecure: Bool

    /// Pages of this environment. `key` signs links and logins: at least 32 bytes, kept over restarts. `baseURL` is the
    /// address others reach the server under, without a slash at its end.
    /// - Throws: `SigningError` with code `invalidKey`.
    public init(_ environment: APIEnvironment, key: [UInt8], baseURL: String?) throws {
        self.environment = environment
        isSecure = baseURL?.hasPrefix("https://") ?? false
        access = try PageAccess(store: environment.store, key: key, now: environment.now)
        library = try PageLibrary()
    }

    /// Adds every page.
    public func add<Context: RemoteAddressRequestContext>(to router: some RouterMethods<Context>) {
        router.get("/") { _, _ in Self.redirect(to: "/pipelines") }
        router.get("/assets/pawl.css") { _, _ in Self.asset(StyleSheet.text, type: "text/css; charset=utf-8") }
        router.get("/assets/live.js") { _, _ in Self.asset(LiveScript.text, type: "text/javascript; charset=utf-8") }
        router.get("/assets/icon.svg") { _, _ in Self.asset(Icon.text, type: "image/svg+xml") }
        router.get("/login") { request, _ in
            let hasExpired = Self.query("expired", of: request) == "true"
            return page(
                login(
                    next: Self.query("next", of: request) ?? "/pipelines",
                    problem: hasExpired ? Self.expired : nil), title: "Log in")
        }
        router.post("/login") { request, context in
            try await logIn(request, from: context.remoteAddress?.ipAddress ?? "local")
        }
        router.post("/logout") { _, _ in
            var response = Self.redirect(to: "/login")
            response.setCookie(cookie("", maxAge: 0))
            return response
        }
        router.get("/pipelines") { request, context in await answer(request, context, nil, list) }
        router.get("/pipelines/{id}") { request, context in await answer(request, context, context.parameters, pipeline)
        }
        router.get("/pipelines/{id}/{job}") { request, context in
            await answer(request, context, context.parameters, job)
        }
        router.get("/pipelines/{id}/{job}/log") { request, context in
            await answer(request, context, context.parameters, log)
        }
        router.get("/pipelines/{id}/{job}/artifact") { request, context in
            await answer(request, context, context.parameters, artifact)
        }
    }

    // MARK: - Answering

    /// Shows a page to who may see it, the login to others, and a sentence where something is wrong.
    private func answer(
        _ request: Request, _ context: some RequestContext, _ parameters: Parameters?,
        _ handler: (PageCall) async throws -> Response
    ) async -> Response {
        do {
            var id: PipelineID?
            if let parameters {
                guard let number = parameters.get("id").flatMap({ Int64($0) }) else {
                    throw APIRefusal(.notFound, "There is no such page.")
                }
                id = PipelineID(rawValue: number)
            }
            guard let reader = try await access.reader(of: request, for: id) else {
                return Self.redirect(to: Self.login(for: request))
            }
            let job = parameters?.get("job").flatMap { $0.removingPercentEncoding }
            return try await handler(PageCall(request: request, reader: reader, id: id, jobName: job))
        } catch {
            let refusal = APIRefusal(telling: error)
            if refusal.code == .fault {
                context.logger.error("page failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            }
            let heading = refusal.code == .notFound ? "Not found" : "Not now"
            let content = library.render(.message, ["heading": heading, "message": refusal.message])
            return page(content, title: heading, status: refusal.code.status)
        }
    }

    /// A whole page, under a policy that lets a browser load nothing but our own style and script.
    func page(
        _ content: String, title: String, reader: PageAccess.Reader? = nil, isLive: Bool = false,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        let nonce = Base64.encode((try? SecureRandom.bytes(16)) ?? [], as: .urlSafe)
        let html = library.render(
            .frame,
            PageValues.Frame(title: title, nonce: nonce, isLive: isLive, reader: reader?.name, content: content))
        var response = Response(
            status: status, headers: Self.safeHeaders, body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
        response.headers[.contentType] = "text/html; charset=utf-8"
        // Without randomness there is no nonce, and then no script either.
        let script = isLive && !nonce.isEmpty ? "'nonce-\(nonce)'" : "'none'"
        response.headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'self'; img-src 'self'; script-src \(script); connect-src 'self'; "
            + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        return response
    }

    private static var safeHeaders: HTTPFields {
        var headers: HTTPFields = [.xContentTypeOptions: "nosniff", .cacheControl: "no-store"]
        // A link's grant is in its address: no other site gets to see it.
        if let name = HTTPField.Name("Referrer-Policy") { headers[name] = "no-referrer" }
        if let name = HTTPField.Name("X-Frame-Options") { headers[name] = "DENY" }
        return headers
    }

    private static func asset(_ text: String, type: String) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: type, .xContentTypeOptions: "nosniff", .cacheControl: "public, max-age=3600",
                .contentSecurityPolicy: "default-src 'none'",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private static func redirect(to place: String) -> Response {
        Response(status: .seeOther, headers: [.location: place, .cacheControl: "no-store"])
    }

    static func query(_ name: String, of request: Request) -> String? {
        request.uri.queryParameters[name[...]].map(String.init)
    }

    // MARK: - Logging in

    private struct LoginForm: Decodable {
        var token: String
        var next: String?
    }

    private func logIn(_ request: Request, from address: String) async throws -> Response {
        let body = try await request.body.collect(upTo: 16 << 10)
        let form = try? URLEncodedFormDecoder().decode(LoginForm.self, from: String(buffer: body))
        let next = Self.localPath(form?.next)
        do {
            let check = TokenCheck(environment: environment, limiter: limiter)
            let token = try await check.token((form?.token ?? "").trimmingSpaces, from: address)
            var response = Self.redirect(to: next)
            response.setCookie(cookie(try access.cookie(for: token), maxAge: Int(PageAccess.session.wholeSeconds)))
            return response
        } catch let refusal as APIRefusal {
            return page(login(next: next, problem: refusal.message), title: "Log in", status: refusal.code.status)
        }
    }

    /// What a link says that shows its pipeline no more.
    private static let expired = """
        This link shows its pipeline no more: links of commit statuses are good for \(PageAccess.link.wholeSeconds / 86_400) \
        days. Log in to see it, or take the link of a newer status.
        """

    /// The login that leads on to what was asked for. A grant that is good no more is left behind, and told of.
    private static func login(for request: Request) -> String {
        let kept = request.uri.queryParameters.filter { $0.key != "grant" }
            .map { "\($0.key)=\(String($0.value).urlSegment)" }.joined(separator: "&")
        let next = request.uri.path + (kept.isEmpty ? "" : "?" + kept)
        let hadGrant = query("grant", of: request) != nil
        return "/login?next=\(next.urlSegment)" + (hadGrant ? "&expired=true" : "")
    }

    private func login(next: String, problem: String? = nil) -> String {
        var values = ["next": Self.localPath(next)]
        values["problem"] = problem
        return library.render(.login, values)
    }

    /// A path of ours to go on to. Anything that could lead to another site becomes the list.
    private static func localPath(_ text: String?) -> String {
        guard let text, text.hasPrefix("/pipelines"), text.utf8.count <= 2_000,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return "/pipelines" }
        return text
    }

    private func cookie(_ value: String, maxAge: Int) -> Cookie {
        Cookie(
            name: PageAccess.cookieName, value: value, maxAge: maxAge, path: "/", secure: isSecure, httpOnly: true,
            sameSite: .lax)
    }
}

/// A request for a page by someone who may see it.
struct PageCall: Sendable {
    let request: Request
    let reader: PageAccess.Reader
    let id: PipelineID?
    let jobName: String?

    /// Whether the page's script asks for its changes.
    var wantsEvents: Bool { request.headers[.accept]?.contains("text/event-stream") ?? false }

    /// A number in the query; nil where there is none.
    func number(_ name: String) -> Int64? { PageRoutes.query(name, of: request).flatMap { Int64($0) } }
}
