import Archives
import Foundation

/// What is in an artifact's archive.
enum ArtifactListing {
    /// Unpacks an archive and lists every path in it, files and folders.
    /// - Parameter place: a path that is free; a file and a folder are made there.
    static func paths(in archive: Data, at place: String) throws -> Set<String> {
        let file = place + ".archive"
        try archive.write(to: URL(fileURLWithPath: file))
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        _ = try ArchiveUnpacker().unpack(file, into: place)
        return Set(try FileManager.default.subpathsOfDirectory(atPath: place))
    }
}
