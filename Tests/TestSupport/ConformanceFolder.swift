import FoundationEssentials

/// The folder with conformance data, which is no part of the repository.
public enum ConformanceFolder {
    /// Its path: the environment's `PAWL_CONFORMANCE`, else `../shared/conformance` beside the package; nil where
    /// there is none.
    public static let path: String? = {
        let named = ProcessInfo.processInfo.environment["PAWL_CONFORMANCE"]
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = named ?? package.appending(path: "../shared/conformance").standardized.path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    /// Why a suite over the data is skipped.
    public static let absence = "skipped: no conformance data; name their folder in PAWL_CONFORMANCE"

    /// The bytes of a file in the folder.
    public static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: (path ?? "") + "/" + name)))
    }
}
