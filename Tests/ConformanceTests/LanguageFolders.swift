import FoundationEssentials
import TestSupport

extension ConformanceFolder {
    /// The names of the folders in a folder, sorted.
    static func folders(in folder: String) throws -> [String] {
        let root = (path ?? "") + "/" + folder
        return try FileManager.default.contentsOfDirectory(atPath: root).filter { name in
            var isFolder = false
            return FileManager.default.fileExists(atPath: "\(root)/\(name)", isDirectory: &isFolder) && isFolder
        }.sorted()
    }

    /// The paths of all files below a folder, relative to it, sorted.
    static func files(below folder: String) throws -> [String] {
        let root = (path ?? "") + "/" + folder
        return try FileManager.default.subpathsOfDirectory(atPath: root).filter { name in
            var isFolder = false
            return FileManager.default.fileExists(atPath: "\(root)/\(name)", isDirectory: &isFolder) && !isFolder
        }.sorted()
    }
}
