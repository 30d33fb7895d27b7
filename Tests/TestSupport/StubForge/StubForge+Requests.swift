import FoundationEssentials
import Forges
import HTTPTypes
import Hummingbird
import PipelineModel

/// Requests on their way to git, the API, the callback or the controls.
extension StubForge {
    /// The longest body an API request may have.
    static let bodyLimit = 8 << 20

    func respond(to request: Request) async -> Response {
        let target = request.head.path ?? "/"
        do {
            if target.hasPrefix("/_stub/") { return try await control(request, target: target) }
            if target.contains(".git/"), kind != .git { return try await git(request, target: target) }
            return try await api(request, target: target)
        } catch is CutConnection {
            return Response(status: .ok, body: ResponseBody(contentLength: 1) { _ in throw CutConnection() })
        } catch {
            logger.error("a request failed", metadata: ["target": "\(target)", "error": "\(error)"])
            return Self.response(.refused(500, "\(error)"))
        }
    }

    private struct CutConnection: Error {}

    static func response(_ answer: APIAnswer) -> Response {
        var headers = HTTPFields()
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        let bytes = answer.raw?.bytes ?? answer.body?.bytes
        if bytes != nil { headers[.contentType] = answer.raw?.type ?? "application/json; charset=utf-8" }
        return Response(
            status: .init(code: answer.status), headers: headers,
            body: bytes.map { ResponseBody(byteBuffer: ByteBuffer(bytes: $0)) } ?? ResponseBody())
    }

    // MARK: The API

    private func api(_ request: Request, target: String) async throws -> Response {
        let bytes = try await request.body.collect(upTo: Self.bodyLimit)
        change { $0.record.requests += 1 }
        let outage = nextOutage(for: target)
        if let outage, outage.kind != .lostAnswer {
            refuse(request, target, status: Int(outage.kind.rawValue) ?? 0, reason: "outage \(outage.kind.rawValue)")
            if let answer = try await answer(to: outage) { return Self.response(answer) }
        }
        var answer: APIAnswer
        if let refusal = refusalByLimit(isWrite: request.method != .get) {
            answer = refusal
        } else {
            answer = try await self.answer(request, target: target, body: Array(buffer: bytes))
        }
        answer.headers += limitHeaders
        if answer.status >= 400 {
            let reason = answer.body.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
            refuse(request, target, status: answer.status, reason: reason)
        }
        if outage?.kind == .lostAnswer {
            refuse(request, target, status: 502, reason: "outage: the answer was lost")
            return Self.response(.refused(502, "Bad Gateway"))
        }
        return Self.response(answer)
    }

    /// What a request gets during an outage; nil when it is to be answered as usual after all.
    private func answer(to outage: Outage) async throws -> APIAnswer? {
        let retry = [(name: "Retry-After", value: String(outage.retryAfterSeconds))]
        switch outage.kind {
        case .internalError: return .refused(500, "Internal Server Error")
        case .forbidden:
            return APIAnswer(
                status: 403, body: ["message": "You have exceeded a secondary rate limit. Please wait."],
                headers: retry)
        case .tooMany: return APIAnswer(status: 429, headers: retry, raw: (Array("Retry later".utf8), "text/plain"))
        case .exhausted:
            let reset = Int64(Date().timeIntervalSince1970.rounded(.up)) + Int64(outage.retryAfterSeconds)
            return APIAnswer(
                status: 403, body: ["message": "API rate limit exceeded"],
                headers: [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", String(reset))])
        case .unprocessable: return .refused(422, "Validation Failed")
        case .hang:
            let ended = read(\.record.outagesEnded)
            _ = try await record { $0.outagesEnded > ended }
            return nil
        case .down: throw CutConnection()
        case .lostAnswer: return nil
        }
    }

    private func refuse(_ request: Request, _ target: String, status: Int, reason: String) {
        let refusal = ForgeRecord.Refusal(
            at: Date(), method: request.method.rawValue, path: target, status: status, reason: reason)
        change { $0.record.refusals.append(refusal) }
    }

    private func answer(_ request: Request, target: String, body bytes: [UInt8]) async throws -> APIAnswer {
        if kind == .git { return callback(request, body: bytes) }
        let parts = RequestTarget(target)
        if kind == .github, request.headers[.userAgent] == nil {
            return .refused(403, "Request forbidden by administrative rules: a User-Agent header is required.")
        }
        if bytes.isEmpty == false, request.headers[.contentType]?.hasPrefix("application/json") != true {
            return .refused(kind == .github ? 415 : 400, "The body is not declared as application/json.")
        }
        let body = bytes.isEmpty ? nil : try? JSONValue(parsing: bytes)
        if body == nil, !bytes.isEmpty { return .refused(400, "Problems parsing JSON") }
        guard let credential = credential(for: request, parts: parts) else {
            return .refused(401, kind == .github ? "Bad credentials" : "401 Unauthorized")
        }
        if let schema, schema.describes(method: request.method.rawValue, path: target) {
            let violations = schema.violations(method: request.method.rawValue, path: target, body: body)
            if !violations.isEmpty {
                change { $0.record.violations += violations.map { "\(request.method.rawValue) \(target): \($0)" } }
                return .refused(kind == .github ? 422 : 400, violations.joined(separator: "; "))
            }
        }
        var call = APICall(
            method: request.method.rawValue, target: target, query: parts.query, body: body, credential: credential,
            accept: request.headers[.accept])
        let segments =
            kind == .github && parts.segments.prefix(2) == ["api", "v3"]
            ? Array(parts.segments.dropFirst(2)) : parts.segments
        for route in kind == .github ? GitHubStub.routes : GitLabStub.routes where route.method == call.method {
            guard let parameters = route.match(segments) else { continue }
            call.parameters = parameters
            if call.method != "GET", !credential.mayWrite {
                return .refused(
                    403, kind == .github ? "Resource not accessible by personal access token" : "403 Forbidden")
            }
            return try await route.handler(self, call)
        }
        return .refused(404, kind == .github ? "Not Found" : "404 Not Found")
    }

    private func credential(for request: Request, parts: RequestTarget) -> StubCredential? {
        let authorization = (request.headers[.authorization] ?? "").split(separator: " ", maxSplits: 1).map(String.init)
        var token =
            authorization.count == 2 && ["bearer", "token"].contains(authorization[0].lowercased())
            ? authorization[1] : nil
        if kind == .gitlab, let name = HTTPField.Name("PRIVATE-TOKEN") { token = request.headers[name] ?? token }
        guard let token else { return nil }
        let known = read { $0.credentials[token] }
        if let known { return known.expiry.map { $0 > Date() } ?? true ? known : nil }
        // A GitHub App speaks for itself with a token it has signed; the operations that take one check it.
        guard kind == .github, token.split(separator: ".").count == 3 else { return nil }
        return StubCredential(account: StubAccount(id: 0, name: token), mayWrite: true)
    }

    // MARK: The plain-Git forge's callback

    /// Takes a status that Pawl sends to a plain-Git forge's callback, signed as Pawl's own hook signs.
    private func callback(_ request: Request, body bytes: [UInt8]) -> APIAnswer {
        guard request.method == .post else { return .refused(404, "POST a status") }
        if let secret = settings.callbackSecret {
            let headers = WebhookHeaders(request.headers.map { ($0.name.rawName, $0.value) })
            let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
            guard let secrets = try? HookSecrets.git([Redacted(secret)]),
                let verdict = try? WebhookVerifier.verdict(on: bytes, secrets: secrets, headers: headers, now: now),
                verdict.isAccepted
            else { return .refused(401, "the signature is missing or wrong") }
        }
        guard let body = try? JSONValue(parsing: bytes), let commit = body["commit"]?.text,
            let context = body["context"]?.text, let state = body["state"]?.text,
            ["pending", "success", "failure", "error"].contains(state)
        else { return .refused(400, "commit, context and state are wanted") }
        let text = body["description"]?.text ?? ""
        guard text.count <= 140 else { return .refused(422, "description is longer than 140 characters") }
        change { record in
            let id = record.nextID()
            record.record.statuses.append(
                ForgeRecord.Status(
                    id: id, receivedAt: Date(), repositoryID: body["repository"]?["id"]?.whole ?? 0,
                    repository: body["repository"]?["name"]?.text ?? "", commit: commit, ref: body["ref"]?.text,
                    context: context, state: state, description: text, targetURL: body["target_url"]?.text,
                    pipeline: nil))
        }
        return .noContent
    }

    // MARK: Controls

    /// `GET /_stub/record`, `POST /_stub/outage`, `DELETE /_stub/outage`: for scripts on the same machine.
    private func control(_ request: Request, target: String) async throws -> Response {
        let bytes = Array(buffer: try await request.body.collect(upTo: Self.bodyLimit))
        switch (request.method, target) {
        case (.get, "/_stub/record"): return Self.response(.ok(record.json))
        case (.post, "/_stub/outage"):
            do {
                begin(try Outage(try? JSONValue(parsing: bytes)))
            } catch {
                return Self.response(.refused(400, "\(error)"))
            }
            return Self.response(.noContent)
        case (.delete, "/_stub/outage"):
            endOutages()
            return Self.response(.noContent)
        default:
            return Self.response(.refused(404, "GET /_stub/record, POST or DELETE /_stub/outage"))
        }
    }
}
