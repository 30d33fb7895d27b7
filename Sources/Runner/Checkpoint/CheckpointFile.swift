import Archives
import PipelineModel

/// What a job has saved of its work, packed into a file of the runner's: as it was at one moment, or not at all.
enum CheckpointFile {
    /// What came of packing.
    enum Packing {
        /// There is no file.
        case nothing
        /// It is as it was the last time.
        case unchanged
        /// The job was writing.
        case changing
        /// It is packed, and was so all the while.
        case packed(ArtifactReference, FileStamps)
    }

    /// How long files have to be left alone before they are read, while the job runs.
    static let rest = Duration.milliseconds(50)

    /// Packs the files of a selection, if nothing about them changes meanwhile.
    /// - Parameters:
    ///   - known: how they were when they were last kept.
    ///   - isLive: whether the job may still be writing.
    ///   - pack: packs paths of the folder.
    static func pack(
        _ selection: FileSelection, of root: String, known: FileStamps?, isLive: Bool,
        by pack: ([String]) throws -> ArtifactReference
    ) throws -> Packing {
        let before = try FileStamps(of: selection, in: root)
        guard !before.isEmpty else { return .nothing }
        if before == known { return .unchanged }
        if isLive && before.wasChanged(within: rest) { return .changing }
        do {
            let reference = try pack(before.paths)
            guard try FileStamps(of: selection, in: root) == before else { return .changing }
            return .packed(reference, before)
        } catch let error as ArchiveError where error.code == .failed {
            // A file went away or became shorter: the job was writing. What is the disk's own fault stays so.
            guard try FileStamps(of: selection, in: root) == before else { return .changing }
            throw error
        }
    }
}
