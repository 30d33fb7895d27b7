import FoundationEssentials
import PipelineModel

/// The images that Pawl has pulled into an engine, and when a job last used each: what may be removed when it is old.
///
/// An engine knows when an image was built, which says nothing of either. Images that were there before are never in the
/// list. It is a file, so that it outlives the process; a list that is lost only means that its images stay.
public actor PulledImages {
    private struct Entry: Codable {
        var name: String
        var lastUse: Int64
    }

    private let file: String
    private let now: @Sendable () -> Timestamp
    private var entries: [String: Entry]

    /// How much later a use has to be to be written down again.
    private static let precision = Duration.hours(1)

    /// Reads the list, where there is one.
    public init(file: String, now: @escaping @Sendable () -> Timestamp) {
        self.file = file
        self.now = now
        let known = (try? Data(contentsOf: URL(filePath: file))).flatMap {
            try? JSONDecoder().decode([String: Entry].self, from: $0)
        }
        entries = known ?? [:]
    }

    /// Adds an image that was pulled.
    func add(_ id: String, name: String) throws {
        entries[id] = Entry(name: name, lastUse: now().milliseconds)
        try write()
    }

    /// Writes down that a job uses an image.
    func noteUse(of id: String) throws {
        guard let entry = entries[id], Timestamp(milliseconds: entry.lastUse) + Self.precision < now() else { return }
        entries[id]?.lastUse = now().milliseconds
        try write()
    }

    /// Removes from an engine the images that no job has used for a time and that no container needs. Names that others
    /// have given them stay, and the image with them.
    public func removeUnused(for age: Duration, from engine: DockerEngine) async throws {
        let moment = now() - age
        for (id, entry) in entries.sorted(by: { $0.key < $1.key })
        where Timestamp(milliseconds: entry.lastUse) < moment {
            guard try await engine.removeImage(id, name: entry.name) else { continue }
            // A job may have begun with it meanwhile; then the engine has kept it.
            entries[id] = nil
            try write()
        }
    }

    private func write() throws {
        try JSONEncoder().encode(entries).write(to: URL(filePath: file), options: .atomic)
    }
}

extension DockerEngine {
    /// Takes a name from an image, and removes it where it has no other.
    /// - Returns: false where a container needs it, so that it stays.
    func removeImage(_ id: String, name: String) async throws -> Bool {
        struct Details: Decodable {
            var id: String
            var repoTags: [String]?
        }
        func details(_ image: String) async throws -> Details? {
            do {
                return try decode(try await success(try await send("GET", "/images/\(image)/json")))
            } catch let refusal as EngineRefusal where refusal.status == 404 {
                return nil
            }
        }
        guard let image = try await details(id) else { return true }
        let hasName = try await details(name)?.id == id
        // A newer image may have the name by now. Without one the image itself is meant, unless somebody has named it.
        guard hasName || (image.repoTags ?? []).allSatisfy({ $0 == "<none>:<none>" }) else { return true }
        do {
            _ = try await success(
                try await send("DELETE", "/images/\(hasName ? name : id)", headerTimeout: .seconds(300)))
            return true
        } catch let refusal as EngineRefusal where refusal.status == 404 {
            return true
        } catch let refusal as EngineRefusal where refusal.status == 409 {
            return false
        }
    }
}

extension DockerExecutor {
    /// Pulls an image, and remembers that where the engine did not have it before.
    func pull(_ image: ImageReference, login: RegistryLogin?, platform: String?) async throws {
        guard let pulled = settings.pulledImages else {
            return try await engine.pull(image, login: login, platform: platform)
        }
        let known = Set(try await engine.images().map(\.id))
        try await engine.pull(image, login: login, platform: platform)
        guard let id = try await engine.imageID(of: image), !known.contains(id) else { return }
        try await pulled.add(id, name: image.engineName)
    }
}
