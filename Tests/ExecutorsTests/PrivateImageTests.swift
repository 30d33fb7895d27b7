import Executors
import Foundation
import HTTPTransport
import PipelineModel
import Testing

/// A registry with a login, started by `scripts/registry start`.
enum Registry {
    static let address = "127.0.0.1:" + (ProcessInfo.processInfo.environment["PAWL_REGISTRY_PORT"] ?? "15080")
    static let password = ProcessInfo.processInfo.environment["PAWL_REGISTRY_PASSWORD"] ?? "pawl-test"

    /// Whether it answers, and asks for a login.
    static func asksForLogin() async -> Bool {
        let request = HTTPRequest("GET", "http://\(address)/v2/", headerTimeout: .seconds(2))
        return (try? await Docker.client.send(request).status) == 401
    }
}

@Suite(
    "private images", .needsDocker, .serialized,
    .enabled("needs a registry: scripts/registry start", { await Registry.asksForLogin() }))
struct PrivateImageTests {
    let executor = Docker.executor()
    let image = "\(Registry.address)/private/\(UUID().uuidString.lowercased()):v1"

    private func specification(_ logins: [RegistryLogin]) -> ContainerSpecification {
        var specification = ContainerSpecification.shell("echo private", instance: "private", attempt: 1)
        specification.image = image
        specification.pullPolicies = [.ifNotPresent]
        specification.registryLogins = logins
        return specification
    }

    private func call(_ method: String, _ path: String, headers: [(name: String, value: String)] = []) async throws {
        let request = HTTPRequest(method, "http://docker\(path)", headers: headers, unixSocket: Docker.socket)
        let response = try await Docker.client.send(request)
        let text = String(decoding: try await response.collect(upTo: 1 << 20), as: UTF8.self)
        try #require(response.status < 400 && !text.contains("\"error\""), "\(path): \(text)")
    }

    /// Puts the tests' own image into the registry under a new name, and takes that name from the engine again.
    private func publish() async throws {
        let login = Data(#"{"username":"ci","password":"\#(Registry.password)"}"#.utf8).base64EncodedString()
        let name = image.dropLast(3)
        try await call("POST", "/images/pawl-test:tiny/tag?repo=\(name)&tag=v1")
        try await call("POST", "/images/\(name)/push?tag=v1", headers: [("X-Registry-Auth", login)])
        try await call("DELETE", "/images/\(image)")
    }

    @Test("an image behind a login is pulled with the login of its registry, and with no other")
    func login() async throws {
        try await publish()
        let right = RegistryLogin(registry: Registry.address, user: "ci", password: Redacted(Registry.password))
        let wrong = RegistryLogin(registry: Registry.address, user: "ci", password: Redacted("wr0ng-s3cret"))
        let others = RegistryLogin(registry: "registry.example", user: "ci", password: Redacted(Registry.password))
        for logins in [[], [others], [wrong]] {
            let error = try #require(
                await #expect(throws: ExecutorError.self) { try await executor.create(specification(logins)) })
            #expect(error.code == .imageUnavailable)
            #expect(error.message.contains(Registry.address))
            #expect(!"\(error)".contains("wr0ng-s3cret"))
        }
        let handle = try await executor.create(specification([others, right]))
        let output = Output()
        #expect(try await executor.run(handle) { await output.append($0) }.code == 0)
        #expect(await output.text() == "private\n")
        try await executor.destroy(handle)
        try await call("DELETE", "/images/\(image)")
    }

    @Test("where one way to have an image fails the next is tried")
    func fallback() async throws {
        var specification = specification([])
        specification.image = "\(Registry.address)/private/\(UUID().uuidString.lowercased()):v1"
        try await call("POST", "/images/pawl-test:tiny/tag?repo=\(specification.image.dropLast(3))&tag=v1")
        specification.pullPolicies = [.always]
        await #expect(throws: ExecutorError.self) { try await executor.create(specification) }
        specification.pullPolicies = [.always, .ifNotPresent]
        try await executor.destroy(try await executor.create(specification))
        try await call("DELETE", "/images/\(specification.image)")
    }

    @Test("an image that the registry does not have is told")
    func missing() async throws {
        let right = RegistryLogin(registry: Registry.address, user: "ci", password: Redacted(Registry.password))
        let error = await #expect(throws: ExecutorError.self) { try await executor.create(specification([right])) }
        #expect(error?.code == .imageUnavailable)
    }
}
