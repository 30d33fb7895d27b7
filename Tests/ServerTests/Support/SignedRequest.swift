import Forges
import Foundation
import PipelineModel
import Signing

/// A webhook request as a forge would send it.
struct SignedRequest: Sendable {
    var path: String
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    /// The secrets that the test server's hooks have.
    static let githubSecret = "a secret of GitHub's webhook"
    static let gitlabToken = "a plain token of GitLab's webhook"
    static let gitSecret = "a secret of the post-receive hook"
    static let signingToken = "whsec_" + Data((0..<32).map { UInt8($0) }).base64EncodedString()

    static let zeros = String(repeating: "0", count: 40)

    /// Sets or removes a header.
    func with(_ name: String, _ value: String?) -> SignedRequest {
        var copy = self
        copy.headers.removeAll { $0.name.lowercased() == name.lowercased() }
        if let value { copy.headers.append((name, value)) }
        return copy
    }

    // MARK: GitHub

    static func github(
        _ body: JSONValue, event: String = "push", key: String = UUID().uuidString, hook: String = "main",
        secret: String = githubSecret
    ) throws -> SignedRequest {
        try github(bytes: body.bytes, event: event, key: key, hook: hook, secret: secret)
    }

    static func github(
        bytes: [UInt8], event: String = "push", key: String = UUID().uuidString, hook: String = "main",
        secret: String = githubSecret
    ) throws -> SignedRequest {
        let code = try HMACSHA256.code(of: bytes, key: Array(secret.utf8))
        return SignedRequest(
            path: "/hooks/github/\(hook)",
            headers: [
                ("Content-Type", "application/json"), ("X-GitHub-Event", event), ("X-GitHub-Delivery", key),
                ("X-Hub-Signature-256", "sha256=" + Hex.encode(code)),
            ], body: bytes)
    }

    /// GitHub's push, of what is read of it.
    static func push(
        _ commit: String?, before: String? = nil, ref: String = "refs/heads/main", message: String = "a change",
        remoteID: Int64 = 7
    ) -> JSONValue {
        var body: [String: JSONValue] = [
            "ref": .string(ref), "before": .string(before ?? zeros), "after": .string(commit ?? zeros),
            "created": .bool(before == nil), "deleted": .bool(commit == nil), "forced": false,
            "repository": [
                "id": .integer(remoteID), "full_name": "ml/churn", "clone_url": "https://forge.test/ml/churn.git",
                "default_branch": "main",
            ],
            "sender": ["id": 5, "login": "mira"], "commits": [],
        ]
        if let commit { body["head_commit"] = ["id": .string(commit), "message": .string(message)] }
        return .object(body)
    }

    /// GitHub's pull request event.
    static func pullRequest(
        _ number: Int64, head commit: String, headRepository: Int64, action: String = "opened"
    ) -> JSONValue {
        [
            "action": .string(action), "number": .integer(number),
            "pull_request": [
                "number": .integer(number), "title": "Halve the warm-up", "state": "open", "draft": false,
                "user": ["id": 6, "login": "ines"],
                "head": [
                    "ref": "warm-up", "sha": .string(commit),
                    "repo": [
                        "id": .integer(headRepository), "full_name": "ines/churn",
                        "clone_url": "https://forge.test/ines/churn.git",
                    ],
                ],
                "base": ["ref": "main", "sha": .string(commit), "repo": ["id": 7, "full_name": "ml/churn"]],
            ],
            "repository": [
                "id": 7, "full_name": "ml/churn", "clone_url": "https://forge.test/ml/churn.git",
                "default_branch": "main",
            ],
            "sender": ["id": 6, "login": "ines"],
        ]
    }

    /// A comment that account 6 has written on a pull request.
    static func comment(_ text: String, on number: Int64) -> JSONValue {
        [
            "action": "created", "issue": ["number": .integer(number), "pull_request": [:]],
            "comment": ["id": 1, "body": .string(text), "user": ["id": 6, "login": "ines"]],
            "repository": [
                "id": 7, "full_name": "ml/churn", "clone_url": "https://forge.test/ml/churn.git",
                "default_branch": "main",
            ],
            "sender": ["id": 6, "login": "ines"],
        ]
    }

    // MARK: GitLab

    /// GitLab's push to a hook with a signing token, or, with a token, to one without.
    static func gitlab(
        _ commit: String, now: Timestamp, key: String = UUID().uuidString, token: String? = nil, projectID: Int64 = 7,
        hook: String? = nil, signedWith signingToken: String = signingToken
    ) throws -> SignedRequest {
        let body: JSONValue = [
            "object_kind": "push", "event_name": "push", "ref": "refs/heads/main", "before": .string(zeros),
            "after": .string(commit), "checkout_sha": .string(commit), "project_id": .integer(projectID),
            "user_username": "mira", "user_id": 5, "total_commits_count": 0, "commits": [],
            "project": [
                "id": .integer(projectID), "path_with_namespace": "ml/churn",
                "git_http_url": "https://forge.test/ml/churn.git", "default_branch": "main",
            ],
        ]
        var headers = [
            (name: "Content-Type", value: "application/json"), ("X-Gitlab-Event", "Push Hook"),
            ("Idempotency-Key", key),
        ]
        if let token {
            headers.append(("X-Gitlab-Token", token))
            return SignedRequest(path: "/hooks/gitlab/\(hook ?? "plain")", headers: headers, body: body.bytes)
        }
        let time = now.milliseconds / 1_000
        let signature = try StandardWebhookKey(token: signingToken).signature(
            id: key, timestamp: time, body: body.bytes)
        headers += [("webhook-id", key), ("webhook-timestamp", String(time)), ("webhook-signature", signature)]
        return SignedRequest(path: "/hooks/gitlab/\(hook ?? "signed")", headers: headers, body: body.bytes)
    }

    // MARK: Plain Git

    /// What the post-receive hook of a bare repository sends.
    static func git(_ message: GitHookMessage, now: Timestamp, key: String = UUID().uuidString) throws -> SignedRequest
    {
        let body = message.body
        return SignedRequest(
            path: "/hooks/git/main",
            headers: try GitHookMessage.headers(for: body, delivery: key, secret: Redacted(gitSecret), now: now),
            body: body)
    }
}
