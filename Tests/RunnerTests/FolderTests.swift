import Foundation
import Glibc
import Testing

@testable import Runner

@Suite("folders that strangers write in")
struct FolderTests {
    private let folder = NSTemporaryDirectory() + "pawl-removal-\(UUID().uuidString)"

    @Test("links are removed and what they lead to stays")
    func links() throws {
        let outside = folder + "-outside"
        try PrivateFile.makeFolder(outside)
        try PrivateFile.write("stays", to: outside + "/file", mode: 0o600)
        try PrivateFile.makeFolder(folder + "/inner")
        symlink(outside, folder + "/inner/link")
        symlink(outside + "/file", folder + "/file")
        symlink("/", folder + "/root")
        try FolderRemoval.remove(folder)
        #expect(!FileManager.default.fileExists(atPath: folder))
        #expect(try PrivateFile.read(outside + "/file", limit: 10) == Array("stays".utf8))
        symlink(outside, folder)
        try FolderRemoval.remove(folder)
        #expect(try PrivateFile.read(outside + "/file", limit: 10) == Array("stays".utf8))
        try FolderRemoval.remove(outside)
        try FolderRemoval.remove(outside)
    }

    @Test("everybody may write what was laid out, and what links lead to stays as it was")
    func shared() throws {
        try PrivateFile.makeFolder(folder + "/inner")
        try PrivateFile.write("", to: folder + "-outside", mode: 0o600)
        try PrivateFile.write("", to: folder + "/inner/tool", mode: 0o755)
        try PrivateFile.write("", to: folder + "/file", mode: 0o644)
        symlink(folder + "-outside", folder + "/link")
        try SharedFolder.open(folder)
        func mode(_ path: String) -> mode_t {
            var status = stat()
            return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
        }
        #expect(mode(folder + "/inner") == 0o777 && mode(folder + "/inner/tool") == 0o777)
        #expect(mode(folder + "/file") == 0o666)
        #expect(mode(folder + "-outside") == 0o600)
        try FolderRemoval.remove(folder)
        unlink(folder + "-outside")
    }

    @Test("a tree deeper than a path can be, pipes, and names that are no text are removed")
    func odd() throws {
        try PrivateFile.makeFolder(folder)
        var inner = open(folder, O_RDONLY | O_DIRECTORY)
        for _ in 0..<3_000 {
            #expect(mkdirat(inner, "deep", 0o755) == 0)
            let next = openat(inner, "deep", O_RDONLY | O_DIRECTORY)
            close(inner)
            inner = next
        }
        close(inner)
        mkfifo(folder + "/pipe", 0o600)
        let name: [CChar] = Array((folder + "/").utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
        close(open(name, O_WRONLY | O_CREAT, 0o600))
        mkdir(folder + "/closed", 0)
        try FolderRemoval.remove(folder)
        #expect(!FileManager.default.fileExists(atPath: folder))
    }
}
