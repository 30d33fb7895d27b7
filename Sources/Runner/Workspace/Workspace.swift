import Archives
import Executors
import GitRepositories
import PipelineModel

/// The folder that a job works in, and how it is filled.
struct Workspace: Sendable {
    /// Where containers see all workspaces. GitLab's `CI_BUILDS_DIR`.
    static let buildsFolder = "/builds"

    /// The attempt's folder on the machine, private to the runner.
    let folder: String
    /// Where the container sees the checkout. GitLab's `CI_PROJECT_DIR`.
    let target: String

    /// The checkout's folder on the machine.
    var project: String { folder + "/project" }

    /// Where what the job logs with MLflow's API is written down.
    var mlflowFile: String { folder + "/mlflow" }

    /// How many bytes the files of one artifact that is laid in may have together.
    private let artifactLimit: ByteCount

    /// The workspace of an attempt at a repository's job.
    init(folder: String, repository: RepositoryReference, artifactLimit: ByteCount) {
        self.folder = folder
        self.artifactLimit = artifactLimit
        let parts = repository.name.split(separator: "/").map { part in
            String(part.unicodeScalars.map { Self.isPlain($0) ? Character($0) : "-" })
        }
        let names = parts.filter { $0 != "." && $0 != ".." }
        target = ([Self.buildsFolder] + (names.isEmpty ? ["project"] : names)).joined(separator: "/")
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || (0x30...0x39).contains(scalar.value)
                || "._-".unicodeScalars.contains(scalar))
    }

    /// Makes the empty folders.
    func make() throws {
        try FolderRemoval.remove(folder)
        try PrivateFile.makeFolder(folder)
        // The container's user is its image's choice.
        try PrivateFile.makeFolder(project, mode: 0o777)
    }

    /// Lays the artifacts of earlier jobs into the checkout, in order.
    /// - Returns: a line about each, for the log.
    func lay(
        _ inputs: [ArtifactInput], of key: LeaseKey, from coordinator: any Coordinator, clock: RunnerClock,
        traffic: AttemptTraffic
    ) async throws -> [String] {
        var lines: [String] = []
        for (number, input) in inputs.enumerated() {
            try Task.checkCancellation()
            let summary = try await lay(
                input.artifact, by: "\(folder)/artifact-\(number)", of: key, from: coordinator, clock: clock)
            traffic.addDownloaded(input.artifact.size)
            lines.append("artifacts of \(input.job): \(summary.fileCount) files, \(ByteText.of(summary.contentSize))")
        }
        return lines
    }

    /// Lays in what an earlier attempt saved, so that the job goes on from there.
    /// - Returns: a line about it, for the log.
    func lay(
        _ checkpoint: Checkpoint, of key: LeaseKey, from coordinator: any Coordinator, clock: RunnerClock,
        traffic: AttemptTraffic
    ) async throws -> String {
        let summary = try await lay(
            checkpoint.artifact, by: folder + "/checkpoint", of: key, from: coordinator, clock: clock)
        traffic.addDownloaded(checkpoint.artifact.size)
        return "goes on from the checkpoint of attempt \(checkpoint.attempt): \(summary.fileCount) files, "
            + ByteText.of(summary.contentSize)
    }

    private func lay(
        _ artifact: ArtifactReference, by file: String, of key: LeaseKey, from coordinator: any Coordinator,
        clock: RunnerClock
    ) async throws -> ArchiveUnpacker.Summary {
        try await fetch(artifact, of: key, from: coordinator, to: file, clock: clock)
        // What was kept within the limit is unpacked within it, however small it became: weights that are all zeros
        // shrink to next to nothing.
        let limits = ArchiveUnpacker.Limits(size: artifactLimit.bytes, ratio: .max)
        let project = project
        let summary = try await blocking { try ArchiveUnpacker(limits: limits).unpack(file, into: project) }
        try FolderRemoval.remove(file)
        return summary
    }

    /// Brings an artifact, from a server that may not be able to at the first asking.
    private func fetch(
        _ artifact: ArtifactReference, of key: LeaseKey, from coordinator: any Coordinator, to file: String,
        clock: RunnerClock
    ) async throws {
        var backOff = BackOff()
        for tries in 1... {
            do {
                let content = try await coordinator.artifact(artifact.sha256, for: key)
                return try await ArtifactFile.receive(artifact, from: content, to: file)
            } catch CoordinatorError.unavailable where tries < 6 {
                try await clock.pause(backOff.delay())
            }
        }
    }
}

/// An amount of bytes as people read it.
enum ByteText {
    /// Two digits after the point at most, in units of 1000.
    static func of(_ bytes: Int64) -> String {
        let units: [(String, Int64)] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000)]
        guard let (unit, size) = units.first(where: { bytes >= $0.1 }) else { return "\(bytes) B" }
        return "\(bytes / size).\(bytes % size * 10 / size) \(unit)"
    }
}
