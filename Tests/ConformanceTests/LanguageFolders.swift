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

    /// Copies files below a folder into another.
    static func copy(_ files: [String], of folder: String, into target: String) throws {
        let root = (path ?? "") + "/" + folder
        for file in files {
            let copy = URL(filePath: target).appending(path: file)
            try FileManager.default.createDirectory(
                at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: "\(root)/\(file)", toPath: copy.path)
        }
    }
}
