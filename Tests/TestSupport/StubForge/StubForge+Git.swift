import Foundation
import Forges
import HTTPTypes
import Hummingbird
import Signing
import Subprocess

/// Git's smart HTTP protocol, served by `git http-backend`.
extension StubForge {
    /// The longest answer of git that is passed on; it is held in memory.
    private static let answerLimit = 256 << 20

    func git(_ request: Request, target: String) async throws -> Response {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(halves[0]).removingPercentEncoding ?? ""
        let query = halves.count > 1 ? String(halves[1]) : ""
        guard let end = path.range(of: ".git/"), !path.contains("/../") else { return Self.response(.refused(404, "")) }
        let name = String(path[path.index(after: path.startIndex)..<end.lowerBound])
        guard let repository = read({ state in state.index(ofRepository: name).map { state.repositories[$0] } }) else {
            return Self.response(.refused(404, "Not Found"))
        }
        let isPush = path.hasSuffix("/git-receive-pack") || query.contains("service=git-receive-pack")
        let credential = basicCredential(of: request)
        let mayRead = credential.map { $0.repositories?.contains(repository.id) ?? true } ?? !repository.isPrivate
        guard mayRead, !isPush || credential?.mayWrite == true else {
            var response = Self.response(.refused(credential == nil ? 401 : 403, "no access with this credential"))
            if credential == nil { response.headers[.wwwAuthenticate] = "Basic realm=\"stub forge\"" }
            return response
        }
        let account = credential?.account ?? repository.owner
        let pushed = FileManager.default.temporaryDirectory.appending(path: "stub-push-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: pushed) }
        let response = try await backend(
            request,
            environment: [
                "GIT_PROJECT_ROOT": folder, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
                "REQUEST_METHOD": request.method.rawValue, "REMOTE_USER": account.name, "REMOTE_ADDR": "127.0.0.1",
                "CONTENT_TYPE": request.headers[.contentType] ?? "",
                "CONTENT_LENGTH": request.headers[.contentLength],
                "HTTP_CONTENT_ENCODING": request.headers[.contentEncoding] ?? "",
                "GIT_PROTOCOL": request.headers[Self.gitProtocol] ?? "", "STUB_FORGE_PUSHED": pushed,
            ])
        if let text = try? String(contentsOfFile: pushed, encoding: .utf8) {
            try await announce(pushes: text, to: repository.id, by: account)
        }
        return response
    }

    private static let gitProtocol = HTTPField.Name("Git-Protocol")!

    /// The credential in a `Basic` header: the password is the token, and the name does not count.
    private func basicCredential(of request: Request) -> StubCredential? {
        guard let header = request.headers[.authorization], header.lowercased().hasPrefix("basic "),
            let decoded = Base64.decode(header.dropFirst(6)),
            let pair = String(validating: decoded, as: UTF8.self),
            let token = pair.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).last
        else { return nil }
        guard let credential = read({ $0.credentials[String(token)] }) else { return nil }
        return credential.expiry.map { $0 > Date() } ?? true ? credential : nil
    }

    /// Runs the backend: the request's body goes in as it comes, the answer comes out when git has ended.
    private func backend(_ request: Request, environment: [Subprocess.Environment.Key: String?]) async throws
        -> Response
    {
        let result = try await run(
            .name("git"), arguments: ["http-backend"], environment: GitFolder.environment.updating(environment),
            input: .inputWriter, output: .bytes(limit: Self.answerLimit), error: .discarded
        ) { execution in
            let writer = execution.standardInputWriter
            do {
                for try await chunk in request.body { _ = try await writer.write(Array(buffer: chunk)) }
            } catch {
                // git has seen enough of the body and closed its end; its answer says why.
            }
            try await writer.finish()
        }
        let bytes = result.standardOutput
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
            return Self.response(.refused(500, "git http-backend gave no answer"))
        }
        var status = 200
        var headers = HTTPFields()
        for line in String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            if line[..<colon] == "Status" {
                status = Int(value.prefix(3)) ?? 500
            } else if let name = HTTPField.Name(String(line[..<colon])) {
                headers[name] = value
            }
        }
        return Response(
            status: .init(code: status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes[end.upperBound...])))
    }

    /// Turns what a push changed, a line `before after ref` each, into webhooks.
    private func announce(pushes text: String, to id: Int64, by account: StubAccount) async throws {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 2).map(String.init)
            guard parts.count == 3 else { continue }
            let push = StubPush(before: parts[0], after: parts[1], ref: parts[2], by: account)
            try await announce(push, to: id)
        }
    }
}
