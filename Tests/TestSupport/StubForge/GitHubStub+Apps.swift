import Forges
import Foundation
import Subprocess

/// GitHub Apps: their installation and its tokens.
extension GitHubStub {
    static let appRoutes = [
        on("GET", "/installation") { forge, call, _ in try await installation(forge, call) },
        APIRoute("GET", "/repositories/{id}/installation") { forge, call in try await installation(forge, call) },
        APIRoute("POST", "/app/installations/{installation}/access_tokens") { forge, call in
            guard let app = try await forge.verifiedApp(call) else { return unverified }
            guard app.installation == call.number("installation") else { return .refused(404, "Not Found") }
            let ids = call.body?["repository_ids"]?.elements.map { Set($0.compactMap(\.whole)) }
            let permissions = call.body?["permissions"]?.members
            let expiry = Date(timeIntervalSinceNow: 3_600)
            let token = "ghs_\(UUID().uuidString.replacing("-", with: ""))"
            forge.change { state in
                state.credentials[token] = StubCredential(
                    account: StubAccount(id: app.installation, name: "app[bot]"),
                    mayWrite: permissions.map { $0.values.contains("write") } ?? true, repositories: ids,
                    expiry: expiry, isInstallation: true)
            }
            return .created([
                "token": .string(token), "expires_at": .string(expiry.formatted(.iso8601)),
                "permissions": .object(permissions ?? [:]),
            ])
        },
    ]

    private static func installation(_ forge: StubForge, _ call: APICall) async throws -> APIAnswer {
        guard let app = try await forge.verifiedApp(call) else { return unverified }
        return .ok(["id": .integer(app.installation), "app_id": .integer(Int64(app.id) ?? 0)])
    }

    private static let unverified = APIAnswer.refused(401, "A JSON web token could not be decoded")
}

extension StubForge {
    /// The App whose own token a request has: signed with its key, for it, and for ten minutes at most.
    func verifiedApp(_ call: APICall) async throws -> StubApp? {
        guard let app = read(\.app), call.credential.account.id == 0 else { return nil }
        let parts = call.credential.account.name.split(separator: ".").map(String.init)
        guard parts.count == 3, let claims = try? JSONValue(parsing: Self.decode(parts[1])) else { return nil }
        let now = Int64(Date().timeIntervalSince1970)
        let issuer = claims["iss"]?.text ?? claims["iss"]?.whole.map(String.init)
        guard issuer == app.id, let start = claims["iat"]?.whole, let end = claims["exp"]?.whole, start <= now,
            end > now, end - now <= 600
        else { return nil }
        let folder = FileManager.default.temporaryDirectory.appending(path: "stub-app-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(app.publicKey.utf8).write(to: folder.appending(path: "key"))
        try Data(Self.decode(parts[2])).write(to: folder.appending(path: "signature"))
        let result = try await run(
            .name("openssl"),
            arguments: [
                "dgst", "-sha256", "-verify", folder.appending(path: "key").path, "-signature",
                folder.appending(path: "signature").path,
            ],
            input: .string("\(parts[0]).\(parts[1])"), output: .discarded, error: .discarded)
        return result.terminationStatus.isSuccess ? app : nil
    }

    /// Base64 in its form for addresses, without padding.
    private static func decode(_ text: String) -> [UInt8] {
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        let padded = standard + String(repeating: "=", count: (4 - standard.count % 4) % 4)
        return Data(base64Encoded: padded).map(Array.init) ?? []
    }
}
