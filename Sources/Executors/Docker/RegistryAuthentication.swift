import FoundationEssentials
import PipelineModel

/// Logins for registries, as the engine wants them with a pull.
enum RegistryAuthentication {
    /// The login for an image's registry, if there is one. Docker Hub goes by several names.
    static func login(for reference: ImageReference, among logins: [RegistryLogin]) -> RegistryLogin? {
        logins.first { host($0.registry) == host(reference.registry) }
    }

    /// The value of `X-Registry-Auth`: JSON in base64 for URLs, with its padding.
    static func header(_ login: RegistryLogin) throws -> String {
        struct Body: Encodable {
            var username: String
            var password: String
            var serveraddress: String
        }
        let body = Body(
            username: login.user, password: login.password.revealed, serveraddress: host(login.registry))
        return try JSONEncoder().encode(body).base64EncodedString().map {
            $0 == "+" ? "-" : $0 == "/" ? "_" : String($0)
        }.joined()
    }

    /// A registry's host and port, however it was written.
    static func host(_ registry: String) -> String {
        var host = registry[...]
        for scheme in ["https://", "http://"] where host.hasPrefix(scheme) { host = host.dropFirst(scheme.count) }
        host = host.prefix { $0 != "/" }
        return ["index.docker.io", "registry-1.docker.io", "hub.docker.com"].contains(host) ? "docker.io" : String(host)
    }
}
