import Foundation
import Testing

@testable import Archives

@Suite("selecting files by GitLab's globs")
struct FileSelectionTests {
    static let files = [
        ".git/config", ".hidden", "a.txt", "b.log", "build/out/x.bin", "build/out/y.txt", "build/z.txt", "docs/a[1].md",
        "model.pkl", "src/main.swift", "src/test/t.swift",
    ]

    let folder: Folder

    init() throws {
        folder = try Folder()
        for file in Self.files { try folder.write(file) }
    }

    @Test(
        "a glob selects what GitLab's selects",
        arguments: [
            (["*.txt"], [], ["a.txt"]),
            (["**/*.txt"], [], ["a.txt", "build/out/y.txt", "build/z.txt"]),
            (["build"], [], ["build/out/x.bin", "build/out/y.txt", "build/z.txt"]),
            (["build/"], [], ["build/out/x.bin", "build/out/y.txt", "build/z.txt"]),
            (["./build/*.txt"], [], ["build/z.txt"]),
            (["build/*"], [], ["build/out/x.bin", "build/out/y.txt", "build/z.txt"]),
            (["build"], ["build/out"], ["build/out/x.bin", "build/out/y.txt", "build/z.txt"]),
            (["build"], ["build/out/**/*"], ["build/z.txt"]),
            (["build"], ["**/*.txt"], ["build/out/x.bin"]),
            (["?.txt", "[ab].log"], [], ["a.txt", "b.log"]),
            (["[!a].*"], [], ["b.log"]),
            (["*.{log,pkl}"], [], ["b.log", "model.pkl"]),
            (["{a,b}.{txt,log}"], [], ["a.txt", "b.log"]),
            (["docs/a\\[1].md"], [], ["docs/a[1].md"]),
            (["src/**/*.swift"], [], ["src/main.swift", "src/test/t.swift"]),
            (["src/**"], ["src/test/*"], ["src/main.swift"]),
            ([".hidden"], [], [".hidden"]),
            (["../*", "/etc/passwd", "src/../a.txt", ""], [], []),
            (["missing"], [], []),
            (["."], [], files.filter { $0 != ".git/config" }),
            ([".git/**"], [], []),
        ] as [([String], [String], [String])])
    func selects(include: [String], exclude: [String], expected: [String]) throws {
        #expect(try FileSelection(include: include, exclude: exclude).paths(in: folder.path) == expected)
    }

    @Test("a hostile pattern costs no more than a long one", .timeLimit(.minutes(1)))
    func hostilePatterns() throws {
        try folder.write(String(repeating: "a", count: 200))
        let patterns = [
            String(repeating: "*a", count: 2_000) + "b", String(repeating: "**/", count: 1_000) + "b",
            String(repeating: "{a,b}", count: 800), String(repeating: "{", count: 4_000),
            String(repeating: "[", count: 4_000), String(repeating: "x", count: 100_000),
        ]
        #expect(try FileSelection(include: patterns).paths(in: folder.path).isEmpty)
    }

    @Test("a folder with more names than are held in memory is refused")
    func manyNames() throws {
        for number in 0..<40 { try folder.write("many/file-\(number)") }
        let handle = try FolderHandle(path: folder.path + "/many")
        #expect(try handle.names(limit: 400).count == 40)
        let error = #expect(throws: ArchiveError.self) { try handle.names(limit: 200) }
        #expect(error?.code == .tooLarge)
    }

    @Test("more files than the limit are refused")
    func limit() {
        #expect(throws: ArchiveError.self) { try FileSelection(include: ["**"]).paths(in: folder.path, limit: 3) }
    }
}
