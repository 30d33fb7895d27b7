import Archives
import CLibarchive
import Foundation
import Testing

@Suite("packing and unpacking")
struct ArchiveTests {
    let source: Folder
    let target: Folder
    let outside: Folder
    let archive: String

    init() throws {
        source = try Folder()
        target = try Folder()
        outside = try Folder()
        archive = outside.path + "/archive.tar.zst"
    }

    @Test("what is packed is unpacked the same: bytes, modes, times, links, empty folders, any UTF-8 name")
    func roundTrip() throws {
        let long = String(repeating: "long-", count: 40)
        try source.write("a/b/file", "hello")
        try source.write("é/\(long)", "ü")
        try source.write("run.sh", "#!/bin/sh")
        try source.link("a/link", to: "../run.sh")
        try FileManager.default.createDirectory(atPath: source.path + "/empty", withIntermediateDirectories: true)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o4755, .modificationDate: Date(timeIntervalSince1970: 1_000_000_000)],
            ofItemAtPath: source.path + "/run.sh")
        let paths = try FileSelection(include: ["**"]).paths(in: source.path)
        #expect(paths == ["a/b/file", "a/link", "empty", "run.sh", "é/\(long)"])
        let packed = try source.pack(paths, to: archive)
        #expect(packed.fileCount == 4)
        let size = try FileManager.default.attributesOfItem(atPath: archive)[.size] as? Int
        #expect(packed.archiveSize == size.map(Int64.init))
        let unpacked = try ArchiveUnpacker().unpack(archive, into: target.path)
        #expect(unpacked.fileCount == 4)
        #expect(unpacked.contentSize == packed.contentSize)
        #expect(target.read("a/b/file") == "hello")
        #expect(target.read("é/\(long)") == "ü")
        #expect(target.target("a/link") == "../run.sh")
        #expect(FileManager.default.fileExists(atPath: target.path + "/empty"))
        let attributes = try FileManager.default.attributesOfItem(atPath: target.path + "/run.sh")
        #expect(attributes[.posixPermissions] as? Int == 0o755)
        #expect((attributes[.modificationDate] as? Date)?.timeIntervalSince1970 == 1_000_000_000)
    }

    @Test("the same files give the same bytes")
    func reproducible() throws {
        try source.write("a", "1")
        try source.write("b/c", "2")
        try source.pack(["a", "b/c"], to: archive)
        try source.pack(["a", "b/c"], to: archive + "2")
        #expect(FileManager.default.contentsEqual(atPath: archive, andPath: archive + "2"))
    }

    @Test("the system's own tar reads it")
    func interoperable() throws {
        try source.write("dir/é", "hello")
        try source.pack(["dir/é"], to: archive)
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        tar.arguments = ["tar", "--zstd", "-xf", archive, "-C", target.path]
        try tar.run()
        tar.waitUntilExit()
        #expect(tar.terminationStatus == 0)
        #expect(target.read("dir/é") == "hello")
    }

    @Test("links that lead outside, pipes and files through links are not packed")
    func hostileSource() throws {
        try outside.write("secret", "secret")
        try source.write("good")
        try source.link("out", to: outside.path)
        try source.link("up", to: "../secret")
        try source.link("hidden", to: "good/../../secret")
        #expect(mkfifo(source.path + "/pipe", 0o600) == 0)
        #expect(try FileSelection(include: ["**/*", "out/secret"]).paths(in: source.path) == ["good"])
        #expect(throws: ArchiveError.self) { try source.pack(["out/secret"], to: archive) }
        let summary = try source.pack(["good", "out", "up", "pipe"], to: archive)
        #expect(summary.fileCount == 1)
        #expect(throws: ArchiveError.self) {
            try source.pack(["../\(outside.path.split(separator: "/").last!)/secret"], to: archive)
        }
    }

    @Test("more bytes than are kept are refused while packing")
    func packLimit() throws {
        try source.write("a", String(repeating: "a", count: 600))
        try source.write("b", String(repeating: "b", count: 600))
        let error = #expect(throws: ArchiveError.self) { try source.pack(["a", "b"], to: archive, limit: 1_000) }
        #expect(error?.code == .tooLarge)
    }

    @Test(
        "an archive that would reach outside is refused, and nothing outside changes",
        arguments: [
            [.init(path: "../escaped")],
            [.init(path: "a/../../escaped")],
            [.init(path: "/tmp/pawl-archives-escaped")],
            [.init(path: "./../escaped")],
            [.init(path: "a//b")],
            [.init(path: "link", type: S_IFLNK, symlink: "/etc")],
            [.init(path: "link", type: S_IFLNK, symlink: "../outside")],
            [.init(path: "a/link", type: S_IFLNK, symlink: "../../outside")],
            [.init(path: "d", type: S_IFDIR), .init(path: "x/l", type: S_IFLNK, symlink: "../d/../../outside")],
            // The second generation: a link that is allowed first, and then a file through it.
            [.init(path: "in", type: S_IFDIR), .init(path: "l", type: S_IFLNK, symlink: "in"), .init(path: "l/file")],
            [.init(path: "l", type: S_IFLNK, symlink: "l2"), .init(path: "l/file")],
            [.init(path: "file"), .init(path: "file/below")],
            [.init(path: "hard", hardlink: "/etc/passwd")],
            [.init(path: "a"), .init(path: "hard", hardlink: "a")],
            [.init(path: "pipe", type: S_IFIFO)],
            [.init(path: "device", type: S_IFCHR)],
            [.init(path: String(repeating: "d/", count: 200) + "f")],
        ] as [[CraftedArchive.Entry]])
    func hostileArchive(entries: [CraftedArchive.Entry]) throws {
        try CraftedArchive.write(entries, to: archive)
        defer { try? FileManager.default.removeItem(atPath: "/tmp/pawl-archives-escaped") }
        let error = #expect(throws: ArchiveError.self) { try ArchiveUnpacker().unpack(archive, into: target.path) }
        #expect(error?.code == .unsafe)
        let parent = URL(fileURLWithPath: target.path).deletingLastPathComponent().path
        #expect(!FileManager.default.fileExists(atPath: parent + "/escaped"))
        #expect(!FileManager.default.fileExists(atPath: "/tmp/pawl-archives-escaped"))
    }

    @Test("links that lie in the folder already are neither written through nor followed")
    func hostileTarget() throws {
        try outside.write("victim", "old")
        try target.link("folder", to: outside.path)
        try target.link("file", to: outside.path + "/victim")
        try CraftedArchive.write([.init(path: "folder/victim")], to: archive)
        #expect(throws: ArchiveError.self) { try ArchiveUnpacker().unpack(archive, into: target.path) }
        try CraftedArchive.write([.init(path: "file", content: "new")], to: archive)
        _ = try ArchiveUnpacker().unpack(archive, into: target.path)
        #expect(outside.read("victim") == "old")
        #expect(target.read("file") == "new")
        #expect(target.target("file") == nil)
    }

    @Test("a file with another name elsewhere is replaced, not written into")
    func hardLinkedTarget() throws {
        try outside.write("victim", "old")
        try FileManager.default.linkItem(atPath: outside.path + "/victim", toPath: target.path + "/file")
        try CraftedArchive.write([.init(path: "file", content: "new")], to: archive)
        _ = try ArchiveUnpacker().unpack(archive, into: target.path)
        #expect(outside.read("victim") == "old")
        #expect(target.read("file") == "new")
    }

    @Test("set-user bits are taken off")
    func modes() throws {
        try CraftedArchive.write([.init(path: "file", mode: 0o6755)], to: archive)
        _ = try ArchiveUnpacker().unpack(archive, into: target.path)
        let attributes = try FileManager.default.attributesOfItem(atPath: target.path + "/file")
        #expect(attributes[.posixPermissions] as? Int == 0o755)
    }

    @Test(
        "an archive that grows past a limit is refused before it has filled the disk",
        arguments: [
            (.init(entries: 2), (0..<3).map { .init(path: "f\($0)") }),
            (.init(size: 1 << 20), [.init(path: "f", size: 2 << 20)]),
            (.init(size: 10), [.init(path: "a", content: "123456"), .init(path: "b", content: "123456")]),
            (.init(ratio: 100), [.init(path: "f", size: 256 << 20)]),
        ] as [(ArchiveUnpacker.Limits, [CraftedArchive.Entry])])
    func limits(limits: ArchiveUnpacker.Limits, entries: [CraftedArchive.Entry]) throws {
        try CraftedArchive.write(entries, to: archive)
        let error = #expect(throws: ArchiveError.self) {
            try ArchiveUnpacker(limits: limits).unpack(archive, into: target.path)
        }
        #expect(error?.code == .tooLarge)
    }

    @Test("bytes that are no archive, or half of one, are told", arguments: ["garbage", "half"])
    func broken(kind: String) throws {
        if kind == "half" {
            var random = SystemRandomNumberGenerator()
            let noise = (0..<200_000).map { _ in String(random.next() % 10) }.joined()
            try source.write("a", noise)
            try source.pack(["a"], to: archive)
            let whole = try Data(contentsOf: URL(fileURLWithPath: archive))
            try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: archive))
        } else {
            try Data("no archive at all".utf8).write(to: URL(fileURLWithPath: archive))
        }
        let error = #expect(throws: ArchiveError.self) { try ArchiveUnpacker().unpack(archive, into: target.path) }
        #expect(error?.code == .unreadable)
    }

    @Test("any bytes in place of an archive's are an error or unpacked inside, and never a crash")
    func fuzz() throws {
        try source.write("a", String(repeating: "abc", count: 2_000))
        try source.link("l", to: "a")
        try source.pack(["a", "l"], to: archive)
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: archive)))
        for position in whole.indices {
            for flip in [0x01, 0x80, 0xff] as [UInt8] {
                var bytes = whole
                bytes[position] ^= flip
                try Data(bytes).write(to: URL(fileURLWithPath: archive))
                _ = try? ArchiveUnpacker().unpack(archive, into: target.path)
            }
        }
    }
}
