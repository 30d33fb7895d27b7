import PipelineModel

extension GitHubAPI {
    /// The events Pawl acts on or shows.
    static let events = ["push", "pull_request", "merge_group", "issue_comment"]

    private static let hookHint =
        "Give the credential the permission Webhooks: read and write (classic tokens: admin:repo_hook)."

    /// Makes a webhook that sends signed JSON, or changes the one with its address.
    public func makeHook(_ wish: HookWish, on repository: RepositoryReference) async throws -> HookReceipt {
        let task = "make a webhook of \(repository.name)"
        var body: [String: JSONValue] = [
            "active": true, "events": .array(Self.events.map(JSONValue.string)),
            "config": [
                "url": .string(wish.url), "content_type": "json", "secret": .string(wish.secret.revealed),
                "insecure_ssl": wish.verifiesCertificate ? "0" : "1",
            ],
        ]
        // GitHub refuses a second one with the same address and events.
        let known = try await hooks(at: wish.url, of: repository)
        let answer: ForgeClient.Answer
        if let first = known.first {
            answer = try await call(
                "PATCH", GitHubPath(repository.name), "/hooks/\(first)", body: .object(body), to: task,
                hint: Self.hookHint)
        } else {
            body["name"] = "web"
            answer = try await call(
                "POST", GitHubPath(repository.name), "/hooks", body: .object(body), to: task, hint: Self.hookHint)
        }
        guard let id = answer.body?["id"]?.whole else { throw client.unreadable(task) }
        for other in known where other != id {
            _ = try await call(
                "DELETE", GitHubPath(repository.name), "/hooks/\(other)",
                to: "remove the webhook \(other) of \(repository.name)", hint: Self.hookHint)
        }
        return HookReceipt(id: id, isSigning: true)
    }

    private func hooks(at url: String, of repository: RepositoryReference) async throws -> [Int64] {
        let task = "list the webhooks of \(repository.name)"
        let hooks = try await Paging.all(
            of: client, to: task,
            read: { entry in entry["id"]?.whole.map { (id: $0, url: entry["config"]?["url"]?.text) } },
            page: { page in
                try await call(
                    "GET", GitHubPath(repository.name), "/hooks?per_page=\(Paging.pageSize)&page=\(page)", to: task,
                    hint: Self.hookHint)
            })
        return hooks.filter { $0.url == url }.map(\.id)
    }

    /// Has GitHub send a ping.
    public func testHook(_ id: Int64, on repository: RepositoryReference) async throws {
        _ = try await call(
            "POST", GitHubPath(repository.name), "/hooks/\(id)/pings",
            to: "test the webhook \(id) of \(repository.name)", hint: Self.hookHint)
    }

    /// What GitHub sent, from its list, which reaches back a few days.
    public func deliveries(
        ofHook id: Int64, on repository: RepositoryReference, since: Timestamp
    ) async throws -> [HookDelivery] {
        let task = "list what the webhook \(id) of \(repository.name) sent"
        var found: [HookDelivery] = []
        var cursor: String?
        for _ in 1...Paging.pages {
            let query = "?per_page=\(Paging.pageSize)" + (cursor.map { "&cursor=" + $0.urlSegment } ?? "")
            let answer = try await call(
                "GET", GitHubPath(repository.name), "/hooks/\(id)/deliveries" + query, to: task, hint: Self.hookHint)
            guard let entries = answer.body?.elements else { throw client.unreadable(task) }
            for entry in entries {
                guard let delivery = HookDelivery(entry) else { throw client.unreadable(task) }
                // The list is newest first.
                guard delivery.sentAt >= since else { return found }
                found.append(delivery)
            }
            cursor = Self.nextCursor(answer.headers["Link"] ?? "")
            if cursor == nil { return found }
        }
        throw Paging.reached(task)
    }

    /// Has GitHub send a delivery again, with the key it had.
    public func redeliver(_ delivery: Int64, ofHook id: Int64, on repository: RepositoryReference) async throws {
        _ = try await call(
            "POST", GitHubPath(repository.name), "/hooks/\(id)/deliveries/\(delivery)/attempts",
            to: "send the delivery \(delivery) of \(repository.name) again", hint: Self.hookHint)
    }

    /// The cursor of the next page in a `Link` header: `<…&cursor=v1_123>; rel="next"`.
    static func nextCursor(_ link: String) -> String? {
        for entry in link.split(separator: ",") where entry.contains("rel=\"next\"") {
            guard let start = entry.firstRange(of: "cursor=")?.upperBound else { continue }
            let value = entry[start...].prefix { $0 != "&" && $0 != ">" }
            return PercentDecoding.decode(Array(value.utf8), plusIsBlank: false)
                .map { String(decoding: $0, as: UTF8.self) }
        }
        return nil
    }
}

extension HookDelivery {
    /// Reads one entry of GitHub's list.
    fileprivate init?(_ entry: JSONValue) {
        guard let id = entry["id"]?.whole, let key = entry["guid"]?.text, let event = entry["event"]?.text,
            let sentAt = entry["delivered_at"]?.text.flatMap(Timestamp.init(iso8601:))
        else { return nil }
        self.init(
            id: id, key: key, sentAt: sentAt, answer: entry["status_code"]?.whole.flatMap { Int(exactly: $0) } ?? 0,
            event: event)
    }
}
