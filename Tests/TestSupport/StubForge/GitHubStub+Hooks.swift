import Forges
import Foundation

/// GitHub's webhooks and what they sent.
extension GitHubStub {
    static let hookRoutes = [
        on("GET", "/hooks") { forge, call, repository in
            .ok(.array(call.page(of: repository.hooks).map { GitHubShapes(forge: forge).hook($0, repository) }))
        },
        on("POST", "/hooks") { forge, call, repository in
            guard let url = call.body?["config"]?["url"]?.text, url.hasPrefix("http") else {
                return .invalid("Hook", "url", "Config must contain URL for webhooks")
            }
            let events = Set((call.body?["events"]?.elements ?? ["push"]).compactMap(\.text))
            guard !repository.hooks.contains(where: { $0.url == url && $0.events == events }) else {
                return .refused(422, "Validation Failed: Hook already exists on this repository")
            }
            let hook = try forge.addHook(
                to: repository.path, url: url, secret: call.body?["config"]?["secret"]?.text, events: events)
            guard let made = try forge.repository(repository.path).hooks.first(where: { $0.id == hook }) else {
                return .refused(404, "Not Found")
            }
            ping(made, repository, from: forge)
            return .created(GitHubShapes(forge: forge).hook(made, repository))
        },
        on("PATCH", "/hooks/{hook}") { forge, call, repository in
            try forge.changeRepository(repository.path) { repository in
                guard let index = repository.hooks.firstIndex(where: { $0.id == call.number("hook") }) else { return }
                if let config = call.body?["config"] {
                    repository.hooks[index].url = config["url"]?.text ?? repository.hooks[index].url
                    // A configuration without a secret takes the one there was away.
                    repository.hooks[index].secret = config["secret"]?.text
                }
                if let events = call.body?["events"]?.elements {
                    repository.hooks[index].events = Set(events.compactMap(\.text))
                }
                repository.hooks[index].isActive = call.body?["active"]?.flag ?? repository.hooks[index].isActive
            }
            guard let hook = try forge.repository(repository.path).hooks.first(where: { $0.id == call.number("hook") })
            else { return .refused(404, "Not Found") }
            return .ok(GitHubShapes(forge: forge).hook(hook, repository))
        },
        on("GET", "/hooks/{hook}") { forge, call, repository in
            guard let hook = repository.hooks.first(where: { $0.id == call.number("hook") }) else {
                return .refused(404, "Not Found")
            }
            return .ok(GitHubShapes(forge: forge).hook(hook, repository))
        },
        on("DELETE", "/hooks/{hook}") { forge, call, repository in
            try forge.changeRepository(repository.path) { $0.hooks.removeAll { $0.id == call.number("hook") } }
            return .noContent
        },
        on("POST", "/hooks/{hook}/pings") { forge, call, repository in
            guard let hook = repository.hooks.first(where: { $0.id == call.number("hook") }) else {
                return .refused(404, "Not Found")
            }
            ping(hook, repository, from: forge)
            return .noContent
        },
        on("GET", "/hooks/{hook}/deliveries") { forge, call, _ in deliveries(forge, call) },
        on("POST", "/hooks/{hook}/deliveries/{delivery}/attempts") { forge, call, repository in
            let wanted = call.number("delivery")
            guard
                let delivery = forge.record.deliveries.first(where: {
                    $0.id == wanted && $0.hook == call.number("hook")
                })
            else { return .refused(404, "Not Found") }
            forge.enqueue(
                StubDelivery(
                    guid: delivery.guid, repository: repository.id, hook: delivery.hook, event: delivery.event,
                    action: delivery.action, body: delivery.body, isRedelivery: true))
            return APIAnswer(status: 202, body: [:])
        },
    ]

    private static func ping(_ hook: StubHook, _ repository: StubRepository, from forge: StubForge) {
        forge.enqueue(
            StubDelivery(
                guid: UUID().uuidString.lowercased(), repository: repository.id, hook: hook.id, event: "ping",
                action: nil, body: GitHubShapes(forge: forge).ping(hook, repository).bytes))
    }

    /// The tries of a hook, newest first; the cursor is the number of the last one that was given.
    private static func deliveries(_ forge: StubForge, _ call: APICall) -> APIAnswer {
        let size = min(max(call.query["per_page"].flatMap(Int.init) ?? 30, 1), 100)
        let below = call.query["cursor"].flatMap(Int64.init) ?? .max
        let all = forge.record.deliveries.filter { $0.hook == call.number("hook") && $0.id < below }.reversed()
        let page = Array(all.prefix(size))
        var answer = APIAnswer.ok(.array(page.map(GitHubShapes(forge: forge).delivery)))
        if all.count > size, let last = page.last {
            let path = call.target.prefix { $0 != "?" }
            answer.headers = [("Link", "<\(forge.url)\(path)?per_page=\(size)&cursor=\(last.id)>; rel=\"next\"")]
        }
        return answer
    }
}
