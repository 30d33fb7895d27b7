import HTTPTransport
import PipelineModel

extension DockerEngine {
    /// Which image a name leads to.
    public enum CurrentImage: Hashable, Sendable {
        /// The image's id.
        case known(String)
        /// Why nobody can tell.
        case unknown(String)
    }

    /// How long a registry may take to answer.
    private static let registryPatience = Duration.seconds(10)

    /// The image that a job would run in if it began now: what the engine has under its name, unless the registry has given
    /// the name to another since, or the job would pull it and nobody knows what that would bring.
    public func currentImage(
        _ name: String, pullPolicies: [PlannedJob.PullPolicy], logins: [RegistryLogin]
    ) async -> CurrentImage {
        guard let reference = ImageReference(name) else { return .unknown("\(name.prefix(200)) is no image's name") }
        do {
            guard let local = try await localImage(reference) else {
                return .unknown("the engine does not have the image yet")
            }
            let policy = pullPolicies.first ?? .ifNotPresent
            // What came from no registry is in none.
            if policy == .never || policy == .ifNotPresent && local.digests.isEmpty { return .known(local.id) }
            let login = RegistryAuthentication.login(for: reference, among: logins)
            guard let digest = await registryDigest(of: reference, login: login) else {
                return policy == .always ? .unknown("the image's registry does not answer") : .known(local.id)
            }
            return local.digests.contains(digest) ? .known(local.id) : .unknown("its tag leads to another image by now")
        } catch {
            return .unknown("the engine does not answer")
        }
    }

    private func localImage(_ reference: ImageReference) async throws -> (id: String, digests: Set<String>)? {
        struct Details: Decodable {
            var id: String
            var repoDigests: [String]?
        }
        do {
            let response = try await send("GET", "/images/\(reference.engineName)/json")
            let details = try decode(try await success(response), as: Details.self)
            return (
                details.id,
                Set((details.repoDigests ?? []).compactMap { $0.split(separator: "@").last.map(String.init) })
            )
        } catch let refusal as EngineRefusal where refusal.status == 404 {
            return nil
        }
    }

    /// The digest that a registry has under a name; nil where it does not say.
    private func registryDigest(of reference: ImageReference, login: RegistryLogin?) async -> String? {
        struct Answer: Decodable {
            struct Descriptor: Decodable { var digest: String }
            var descriptor: Descriptor
        }
        do {
            var headers: [(name: String, value: String)] = []
            if let login { headers.append(("X-Registry-Auth", try RegistryAuthentication.header(login))) }
            let response = try await send(
                "GET", "/distribution/\(reference.engineName)/json", headers: headers,
                headerTimeout: Self.registryPatience)
            return try decode(try await success(response), as: Answer.self).descriptor.digest
        } catch {
            return nil
        }
    }
}
