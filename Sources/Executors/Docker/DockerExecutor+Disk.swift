import Glibc
import PipelineModel

extension DockerExecutor {
    /// Counts the files of the container's own layer where they are on this machine. Else the engine is asked, which counts
    /// a file with holes for its length.
    public func written(by container: ContainerHandle) async throws -> ByteCount? {
        do {
            let layer = try await engine.container(container.id).graphDriver?.data?["UpperDir"]
            if let layer, access(layer, R_OK | X_OK) == 0 { return try await FolderSize.of([layer]) }
            return try await engine.layerSize(of: container.id).map(ByteCount.init(bytes:))
        } catch {
            throw Self.translated(error, doing: "tell what a container has written")
        }
    }
}
