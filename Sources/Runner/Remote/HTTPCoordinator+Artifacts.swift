import PipelineModel

extension HTTPCoordinator {
    public func store(
        _ artifact: ArtifactReference, content: AsyncThrowingStream<[UInt8], any Error>, for key: LeaseKey
    ) async throws {
        throw CoordinatorError.unavailable("not yet")
    }

    public func artifact(
        _ sha256: String, for key: LeaseKey
    ) async throws -> AsyncThrowingStream<[UInt8], any Error> {
        throw CoordinatorError.unavailable("not yet")
    }
}
