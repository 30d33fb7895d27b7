import Foundation
import PipelineModel
import Testing

@testable import Executors

@Suite("the engine's formats")
struct EngineFormatTests {
    @Test("frames are read the same however the stream is cut", arguments: 1...20)
    func frames(cut: Int) throws {
        let stream: [UInt8] =
            [1, 0, 0, 0, 0, 0, 0, 3] + Array("abc".utf8) + [2, 0, 0, 0, 0, 0, 0, 2] + Array("ef".utf8)
            + [1, 0, 0, 0, 0, 0, 0, 0] + [1, 0, 0, 0, 0, 0, 0, 1] + Array("d".utf8)
        var frames = LogFrames()
        var output: [ContainerOutput] = []
        for begin in stride(from: 0, to: stream.count, by: cut) {
            output += try frames.feed(Array(stream[begin..<min(begin + cut, stream.count)]))
        }
        let text = { (stream: ContainerOutput.Stream) in
            String(decoding: output.filter { $0.stream == stream }.flatMap(\.bytes), as: UTF8.self)
        }
        #expect(text(.standardOutput) == "abcd")
        #expect(text(.standardError) == "ef")
        #expect(frames.isBetweenFrames)
    }

    @Test("bytes that are not framed are an error, and half a frame is known as such")
    func brokenFrames() throws {
        var unframed = LogFrames()
        #expect(throws: ExecutorError.self) { try unframed.feed(Array("plain text".utf8)) }
        var half = LogFrames()
        #expect(try half.feed([1, 0, 0, 0, 255, 255, 255, 255, 7]).map(\.bytes) == [[7]])
        #expect(!half.isBetweenFrames)
    }

    @Test(
        "an image's name is taken apart as the engine does it",
        arguments: [
            ("python", "python", "latest", "docker.io"),
            ("python:3", "python", "3", "docker.io"),
            ("ml/train:v1", "ml/train", "v1", "docker.io"),
            ("localhost:5000/a", "localhost:5000/a", "latest", "localhost:5000"),
            ("localhost/a", "localhost/a", "latest", "localhost"),
            ("ghcr.io/a/b:v1@sha256:abc", "ghcr.io/a/b", "sha256:abc", "ghcr.io"),
        ])
    func imageReference(text: String, name: String, tag: String, registry: String) throws {
        let reference = try #require(ImageReference(text))
        #expect(reference.name == name)
        #expect(reference.tagOrDigest == tag)
        #expect(reference.registry == registry)
    }

    @Test("Docker Hub's login is found by each of its names", arguments: ["docker.io", "https://index.docker.io/v1/"])
    func hubLogin(registry: String) throws {
        let login = RegistryLogin(registry: registry, user: "u", password: Redacted("p?>~"))
        let reference = try #require(ImageReference("python:3"))
        #expect(RegistryAuthentication.login(for: reference, among: [login])?.user == "u")
        let header = try RegistryAuthentication.header(login)
        #expect(!header.contains("+") && !header.contains("/"))
        #expect(header.count % 4 == 0)
    }

    @Test(
        "a range is read strictly", arguments: ["10.0.0.0/33", "10.0.0.1/24", "10.0.0/8", "a.b.c.d/8", "10.0.0.0", ""])
    func badRange(text: String) { #expect(IPv4Range(text) == nil) }

    @Test("subnets of a range lie in it, apart, and come round again")
    func subnets() throws {
        let range = try #require(IPv4Range("10.9.8.0/26"))
        #expect(
            (0..<5).map { range.part($0, prefix: 28).description }
                == ["10.9.8.0/28", "10.9.8.16/28", "10.9.8.32/28", "10.9.8.48/28", "10.9.8.0/28"])
    }

    @Test("the engine's times are read to the millisecond, and its word for never as none")
    func times() {
        #expect(EngineTime.timestamp("1970-01-02T00:00:01.123456789Z")?.milliseconds == 86_401_123)
        #expect(EngineTime.timestamp("1970-01-01T00:00:01.5Z")?.milliseconds == 1_500)
        #expect(EngineTime.timestamp("1970-01-01T00:00:01Z")?.milliseconds == 1_000)
        #expect(EngineTime.timestamp("0001-01-01T00:00:00Z") == nil)
        #expect(EngineTime.timestamp("yesterday") == nil)
    }

    @Test(
        "addresses are told to be in a range or not",
        arguments: [
            ("10.213.0.0", true), ("10.213.0.1", true), ("10.213.0.15", true), ("10.213.0.16", false),
            ("10.212.255.255", false),
            ("255.255.255.255", false), ("0.0.0.0", false), ("", false), ("::1", false), ("10.213.0.1/32", false),
        ])
    func contains(address: String, isIn: Bool) throws {
        let range = try #require(IPv4Range("10.213.0.0/28"))
        #expect(range.contains(address) == isIn && range.gateway == "10.213.0.1")
    }

    @Test("the fence's chains are replaced in one step, and fit iptables' 28 characters")
    func fenceRules() throws {
        let widest = try #require(IPv4Range("100.100.100.0/24"))
        let rules = NetworkFence(networks: widest).rules()
        let chains = rules.split(separator: "\n").filter { $0.hasPrefix(":") }.map {
            $0.dropFirst().prefix { $0 != " " }
        }
        #expect(chains.count == 2)
        #expect(chains.allSatisfy { $0.count <= 28 })
        #expect(rules.hasSuffix("COMMIT\n"))
    }
}
