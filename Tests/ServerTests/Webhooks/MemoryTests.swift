import Foundation
import PipelineModel
import Testing

@testable import Server

@Suite("Memory under strangers' bodies")
struct MemoryTests {
    /// The body that each of the clients sends. GitHub's longest is 25 MiB; this suite runs in debug builds as well.
    private static let size = 25 << 20
    private static let clients = 50
    private static let limit = 32 << 20

    @Test("fifty clients with 25 MiB each, unsigned or wrongly signed, cost less than 32 MiB", .timeLimit(.minutes(3)))
    func bounded() async {
        // A process of its own, so that what it uses is the server's and not other tests'.
        await #expect(processExitsWith: .success) {
            try await TestServer.serve { server in
                let commit = String(repeating: "a", count: 40)
                for isSigned in [false, true] {
                    let headers =
                        isSigned
                        ? RequestLimitTests.signed(length: Self.size)
                        : RequestLimitTests.headers("Content-Length: \(Self.size)\r\n\r\n")
                    let expected = isSigned ? [403, 503] : [401]
                    #expect(try await server.send(.github(SignedRequest.push(commit))).status == 202)
                    try Self.resetPeak()
                    let before = try Self.bytes("VmRSS")
                    try await withThrowingTaskGroup(of: Int?.self) { group in
                        for _ in 0..<Self.clients {
                            group.addTask {
                                try await RawClient(port: server.port).upload(headers, size: Self.size).status
                            }
                        }
                        for try await status in group { #expect(status.map(expected.contains) ?? true) }
                    }
                    let rise = try Self.bytes("VmHWM") - before
                    #expect(rise < Self.limit, "\(rise >> 20) MiB")
                    #expect(try await server.send(.github(SignedRequest.push(commit))).status == 202)
                    #expect(try FileManager.default.contentsOfDirectory(atPath: server.spoolFolder).isEmpty)
                }
            }
        }
    }

    /// Makes the kernel forget the most memory that this process has had.
    private static func resetPeak() throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "/proc/self/clear_refs"))
        try file.write(contentsOf: Data("5".utf8))
        try file.close()
    }

    private static func bytes(_ name: String) throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + ":") })
        return try #require(line.split(separator: " ").compactMap { Int($0) }.first) << 10
    }
}
