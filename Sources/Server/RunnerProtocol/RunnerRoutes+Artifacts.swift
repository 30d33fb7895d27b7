import Hummingbird
import PipelineModel
import Store

extension RunnerRoutes {
    /// Says how much of an artifact is there.
    func storedArtifact(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        throw RunnerRefusal(.unavailable, "not yet")
    }

    /// Takes a piece of an artifact.
    func sendArtifact(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        throw RunnerRefusal(.unavailable, "not yet")
    }

    /// Keeps an artifact whose pieces are all there.
    func keepArtifact(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        throw RunnerRefusal(.unavailable, "not yet")
    }

    /// Streams an artifact that was assigned.
    func fetchArtifact(_ key: LeaseKey, _ call: RunnerRequest) async throws -> Response {
        throw RunnerRefusal(.unavailable, "not yet")
    }
}
