import Forges
import Foundation
import TestSupport
import Testing

@Suite("secrets", .needsDocker, .timeLimit(.minutes(10)))
struct SecretTests {
    /// Values with characters that every encoding changes.
    private static let token = "tok+en/with=\"quotes\" & späce?0123456789"
    private static let key = "-----BEGIN KEY-----\nline+one/of==the&key\nline \"two\" of it\n-----END KEY-----\n"

    private static let file = """
        stages: [deploy, staging]
        deploy:
          stage: deploy
          environment: production
          script:
            - echo "plain $DEPLOY_TOKEN"
            - printf %s "$DEPLOY_TOKEN" | base64
            - cat "$DEPLOY_KEY"
            - base64 < "$DEPLOY_KEY"
            - test "$(printf %s "$DEPLOY_TOKEN" | wc -c)" -eq \(token.utf8.count)
            - test "$(wc -c < "$DEPLOY_KEY")" -eq \(key.utf8.count)
            - printf %s "$DEPLOY_TOKEN" | sed 's/"/\\\\"/g; s/.*/{"json":"&"}/'
            - url=$(printf %s "$DEPLOY_TOKEN" | sed 's/+/%2B/g; s,/,%2F,g; s/=/%3D/g; s/"/%22/g; s/ /%20/g')
            - printf %s "$url" | sed 's/&/%26/g; s/ä/%C3%A4/g; s/?/%3F/g'
            - echo waiting
            - while test ! -e /signal/go; do sleep 0.1; done
            - echo "last words $DEPLOY_TOKEN"
            - exit 9
        staging:
          stage: staging
          when: always
          environment: staging
          script:
            - echo "staging has [$DEPLOY_TOKEN][$DEPLOY_KEY]"
        """

    /// Every form in which a value could leak.
    private static var forms: [String] {
        [token, key].flatMap { value -> [String] in
            let base64 = Data(value.utf8).base64EncodedString()
            let url = value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            let json = String(decoding: (try? JSONEncoder().encode(value)) ?? Data(), as: UTF8.self)
            return [value, base64, url, String(json.dropFirst().dropLast())]
        } + ["line+one/of==the&key", "tok+en/with"]
    }

    @Test(
        "a deploy uses its secrets, and they are nowhere else while it runs or after",
        arguments: [ForgeKind.github, .gitlab])
    func nowhere(on kind: ForgeKind) async throws {
        let site = try await Site.shared(kind)
        let project = try await Project("secrets/deploy", on: site)
        for (name, value, kind) in [("DEPLOY_TOKEN", Self.token, [String]()), ("DEPLOY_KEY", Self.key, ["--file"])] {
            let set = try await site.pawl(
                ["secret", "set", project.path, name, "--environment", "production", "--protected"] + kind,
                input: value)
            #expect(set.status == 0, "\(set.errors)")
            #expect(!set.output.contains(value))
        }
        let commit = try await project.push([".pawl.yml": Self.file])
        try await project.told(.pending, "pawl/push/deploy", on: commit)
        let log = try await site.log(of: "\(try project.pipeline(of: commit))/deploy", until: "waiting")
        try expectNothing(in: log, "the log while it runs")

        let containers = try await Engine.containers(of: site)
        #expect(containers.contains("pawl-test:tiny"))
        try expectNothing(in: containers, "docker inspect")
        for (pid, text) in Self.commandLines() { try expectNothing(in: text, "arguments of \(pid)") }
        #expect(FileManager.default.createFile(atPath: site.signals + "/go", contents: nil))

        let states = try await project.ended(commit)
        #expect(states["pawl/push/deploy"] == .failure && states["pawl/push/staging"] == .success)
        #expect(try await project.log("staging", of: commit).contains("staging has [][]"))
        for status in project.statuses(of: commit) { try expectNothing(in: status.description, "a status") }
        try expectNothing(in: try await project.log("deploy", of: commit), "the log")
        let pipeline = try project.pipeline(of: commit)
        for command in [
            ["show", pipeline, "--json"], ["why", "\(pipeline)/deploy"], ["secret", "list", project.path],
        ] {
            try expectNothing(in: try await site.pawl(command).output, "pawl \(command)")
        }
        for address in Set(project.statuses(of: commit).compactMap(\.targetURL)) {
            try expectNothing(in: try await site.page(address), "a page")
        }
        for (path, bytes) in try site.files() { try expectNothing(in: bytes, path) }
        try expectNothing(in: site.server.log, "the server's own log")
    }

    @Test(
        "a protected secret is for protected refs, and a person's mistakes do not repeat a value",
        arguments: [ForgeKind.github, .gitlab])
    func protected(on kind: ForgeKind) async throws {
        let site = try await Site.shared(kind)
        let project = try await Project("secrets/protected", on: site)
        let value = "only-for-main-0123456789"
        let set = try await site.pawl(["secret", "set", project.path, "TOKEN", "--protected"], input: value)
        #expect(set.status == 0)
        let wrong = try await site.pawl(["secret", "set", project.path, "CI_TOKEN"], input: value)
        #expect(wrong.status != 0 && !wrong.errors.contains(value) && !wrong.output.contains(value))
        let file = "test: {script: ['echo \"length ${#TOKEN}\"']}"
        let topic = try await project.push([".pawl.yml": file], to: "refs/heads/topic")
        try await project.ended(topic)
        #expect(try await project.log("test", of: topic).contains("length 0"))
        let main = try await project.push(["more": "text"])
        try await project.ended(main)
        #expect(try await project.log("test", of: main).contains("length \(value.count)"))
    }

    private func expectNothing(
        in text: String, _ place: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for form in Self.forms {
            #expect(!text.contains(form), "\(form.debugDescription) in \(place)", sourceLocation: sourceLocation)
        }
    }

    /// The arguments of every process of the machine.
    private static func commandLines() -> [(pid: String, text: String)] {
        let pids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).filter { Int($0) != nil }
        return pids.compactMap { pid in
            FileManager.default.contents(atPath: "/proc/\(pid)/cmdline").map {
                (pid, String(decoding: $0, as: UTF8.self))
            }
        }
    }
}
