import Forges
import Foundation
import Testing

/// A folder with the files of a repository and what the forge is to be told once they are pushed.
struct Scenario: Sendable, CustomTestStringConvertible {
    /// The folder's name.
    var name: String
    /// The files by path.
    var files: [String: String]
    /// What is to come of them.
    var expected: Expected

    /// What is to come of a push.
    struct Expected: Decodable, Sendable {
        /// What the scenario promises, in words.
        var promise: String
        /// Every context of the commit, without `pawl/`, and the state it ends in.
        var statuses: [String: ToldState]
        /// Parts of the texts of contexts.
        var texts: [String: String]?
        /// Parts of the logs of jobs.
        var logs: [String: [String]]?
    }

    var testDescription: String { "\(name): \(expected.promise)" }

    /// Every scenario beside this file.
    static func all() throws -> [Scenario] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scenarios")
        let names = try FileManager.default.contentsOfDirectory(atPath: root.path).sorted()
        return try names.map { try Scenario(at: root.appending(path: $0)) }
    }

    private init(at folder: URL) throws {
        name = folder.lastPathComponent
        let text = try Data(contentsOf: folder.appending(path: "expected.json"))
        expected = try JSONDecoder().decode(Expected.self, from: text)
        files = [:]
        let root = folder.appending(path: "files").path
        for path in try FileManager.default.subpathsOfDirectory(atPath: root) {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder), !isFolder.boolValue
            else { continue }
            files[path] = try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
        }
    }
}
