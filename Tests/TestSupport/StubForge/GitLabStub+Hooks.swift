import Forges
import Foundation

/// GitLab's webhooks.
extension GitLabStub {
    /// A hook takes pushes unless told not to, and nothing else unless told to.
    private static func hookEvents(_ call: APICall) -> Set<String> {
        let flags = ["push": true, "tag_push": false, "merge_request": false, "note": false]
        let events = flags.filter { name, standard in
            call.body?[name == "merge_request" ? "merge_requests_events" : name + "_events"]?.flag ?? standard
        }
        return Set(events.keys)
    }

    /// The signing token that a hook is given, which a server from before 19.0 does not know.
    private static func signingToken(_ call: APICall, _ forge: StubForge) -> String? {
        forge.settings.signsHooks ? call.body?["signing_token"]?.text : nil
    }

    static let hookRoutes = [
        on("GET", "/hooks") { forge, call, repository in
            .ok(.array(call.page(of: repository.hooks).map { GitLabShapes(forge: forge).hook($0, repository) }))
        },
        on("POST", "/hooks") { forge, call, repository in
            guard let url = call.body?["url"]?.text, url.hasPrefix("http") else {
                return .refused(422, "Invalid url given")
            }
            let id = try forge.addHook(
                to: repository.path, url: url, secret: call.body?["token"]?.text,
                signingToken: signingToken(call, forge), events: hookEvents(call))
            guard let hook = try forge.repository(repository.path).hooks.first(where: { $0.id == id }) else {
                return .refused(404, "404 Not found")
            }
            return .created(GitLabShapes(forge: forge).hook(hook, repository))
        },
        on("GET", "/hooks/{hook}") { forge, call, repository in
            guard let hook = repository.hooks.first(where: { $0.id == call.number("hook") }) else {
                return .refused(404, "404 Not found")
            }
            return .ok(GitLabShapes(forge: forge).hook(hook, repository))
        },
        on("PUT", "/hooks/{hook}") { forge, call, repository in
            guard let url = call.body?["url"]?.text, url.hasPrefix("http") else {
                return .refused(422, "Invalid url given")
            }
            try forge.changeRepository(repository.path) { repository in
                guard let index = repository.hooks.firstIndex(where: { $0.id == call.number("hook") }) else { return }
                repository.hooks[index].url = url
                repository.hooks[index].events = hookEvents(call)
                // What is not named stays.
                if let token = call.body?["token"]?.text { repository.hooks[index].secret = token }
                if let token = signingToken(call, forge) { repository.hooks[index].signingToken = token }
            }
            guard let hook = try forge.repository(repository.path).hooks.first(where: { $0.id == call.number("hook") })
            else { return .refused(404, "404 Not found") }
            return .ok(GitLabShapes(forge: forge).hook(hook, repository))
        },
        on("DELETE", "/hooks/{hook}") { forge, call, repository in
            try forge.changeRepository(repository.path) { $0.hooks.removeAll { $0.id == call.number("hook") } }
            return .noContent
        },
        on("POST", "/hooks/{hook}/test/{trigger}") { forge, call, repository in
            guard let hook = repository.hooks.first(where: { $0.id == call.number("hook") }) else {
                return .refused(404, "404 Not found")
            }
            guard call["trigger"] == "push_events" else { return .refused(400, "trigger does not have a valid value") }
            let git = forge.gitFolder(repository.path)
            guard let tip = try await git.commit(repository.defaultBranch) else {
                return .refused(422, "Ensure the project has at least one commit.")
            }
            let push = StubPush(
                before: StubPush.zeros, after: tip, ref: "refs/heads/" + repository.defaultBranch,
                by: call.credential.account)
            let body = GitLabShapes(forge: forge).push(
                push, repository, tip: tip, commits: try await git.commits(tip, limit: 3))
            forge.enqueue(
                StubDelivery(
                    guid: UUID().uuidString.lowercased(), repository: repository.id, hook: hook.id, event: "Push Hook",
                    action: nil, body: body.bytes, isTest: true))
            return .created(["message": "201 Created"])
        },
    ]
}
