import Foundation
import HTTPTransport
import NIOConcurrencyHelpers
import PipelineModel
import Testing

@testable import Executors

@Suite("images that jobs have brought", .needsDocker, .timeLimit(.minutes(2)))
struct PulledImagesTests {
    private let time = NIOLockedValueBox(Timestamp(milliseconds: 0))
    private let file = NSTemporaryDirectory() + "pawl-images-\(UUID().uuidString).json"
    private let name = "pawl-pulled-\(UUID().uuidString.lowercased()):v1"

    private func images() -> PulledImages {
        PulledImages(file: file) { [time] in time.withLockedValue { $0 } }
    }

    @discardableResult
    private func call(_ method: String, _ path: String, body: [UInt8] = [], type: String = "application/json")
        async throws -> String
    {
        let request = HTTPRequest(
            method, "http://docker\(path)", headers: [("Content-Type", type)],
            body: body.isEmpty ? .none : .bytes(body), unixSocket: Docker.socket)
        let response = try await Docker.client.send(request)
        let text = String(decoding: try await response.collect(upTo: 1 << 20), as: UTF8.self)
        try #require(response.status < 400, "\(path): \(text)")
        return text
    }

    /// Makes an image with nothing in it.
    /// - Returns: its id.
    private func makeImage(_ name: String) async throws -> String {
        // An archive's end is two empty blocks.
        let parts = name.split(separator: ":")
        try await call(
            "POST", "/images/create?fromSrc=-&repo=\(parts[0])&tag=\(parts[1])",
            body: [UInt8](repeating: 0, count: 1_024), type: "application/x-tar")
        let reference = try #require(ImageReference(name))
        return try #require(try await Docker.engine().imageID(of: reference))
    }

    private func isThere(_ id: String) async throws -> Bool {
        try await Docker.engine().images().contains { $0.id == id }
    }

    @Test("one goes when no job has used it for long, also after a restart; what Pawl did not bring stays")
    func removal() async throws {
        let id = try await makeImage(name)
        let others = name.replacing("pulled", with: "built")
        let builtID = try await makeImage(others)
        try await images().add(id, name: name)
        time.withLockedValue { $0 = $0 + .days(10) }
        try await images().noteUse(of: id)
        time.withLockedValue { $0 = $0 + .days(10) }
        try await images().removeUnused(for: .days(14), from: Docker.engine())
        #expect(try await isThere(id))
        time.withLockedValue { $0 = $0 + .days(5) }
        try await images().removeUnused(for: .days(14), from: Docker.engine())
        #expect(try await !isThere(id))
        #expect(try await isThere(builtID))
        try await call("DELETE", "/images/\(others)")
    }

    @Test("one that a container needs stays until the container is gone")
    func used() async throws {
        let id = try await makeImage(name)
        let images = images()
        try await images.add(id, name: name)
        time.withLockedValue { $0 = $0 + .days(30) }
        let container = "pawl-needs-\(UUID().uuidString)"
        try await call(
            "POST", "/containers/create?name=\(container)", body: Array(#"{"Image":"\#(name)","Cmd":["x"]}"#.utf8))
        try await images.removeUnused(for: .days(14), from: Docker.engine())
        #expect(try await isThere(id))
        try await call("DELETE", "/containers/\(container)")
        try await images.removeUnused(for: .days(14), from: Docker.engine())
        #expect(try await !isThere(id))
    }

    @Test("one that somebody has given a name of theirs loses Pawl's alone, and one whose name moved on goes by itself")
    func names() async throws {
        let first = try await makeImage(name)
        let images = images()
        try await images.add(first, name: name)
        let second = try await makeImage(name)
        try await images.add(second, name: name)
        let mine = name.replacing("pulled", with: "mine")
        try await call("POST", "/images/\(name)/tag?repo=\(mine.dropLast(3))&tag=v1")
        time.withLockedValue { $0 = $0 + .days(30) }
        try await images.removeUnused(for: .days(14), from: Docker.engine())
        #expect(try await !isThere(first))
        #expect(try await Docker.engine().images().first { $0.id == second }?.tags == [mine])
        try await call("DELETE", "/images/\(mine)")
    }
}
