import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import Server

@Suite("Proxies that are trusted")
struct TrustedProxiesTests {
    private func client(_ proxies: [String], from peer: String, forwarded: String?) throws -> String? {
        let trusted = try #require(TrustedProxies(proxies))
        var head = HTTPRequest(method: .get, scheme: "http", authority: "x", path: "/")
        if let forwarded { head.headerFields[.xForwardedFor] = forwarded }
        let request = Request(head: head, body: .init(buffer: ByteBuffer()))
        return trusted.client(of: request, from: try SocketAddress(ipAddress: peer, port: 1))?.ipAddress
    }

    @Test("the last address that is not a trusted proxy's is the client's; nobody else's header counts")
    func chain() throws {
        #expect(try client([], from: "10.0.0.1", forwarded: "1.2.3.4") == "10.0.0.1")
        #expect(try client(["10.0.0.0/8"], from: "9.0.0.1", forwarded: "1.2.3.4") == "9.0.0.1")
        #expect(try client(["10.0.0.0/8"], from: "10.0.0.1", forwarded: "1.2.3.4") == "1.2.3.4")
        #expect(try client(["10.0.0.0/8"], from: "10.0.0.1", forwarded: nil) == "10.0.0.1")
        // What a client writes itself stands before what proxies add.
        #expect(try client(["10.0.0.0/8"], from: "10.0.0.1", forwarded: "6.6.6.6, 1.2.3.4, 10.9.9.9") == "1.2.3.4")
        #expect(try client(["10.0.0.0/8"], from: "10.0.0.1", forwarded: "nonsense, 10.1.1.1") == "10.1.1.1")
        #expect(try client(["fd00::/8"], from: "fd00::1", forwarded: "[2001:db8::7]") == "2001:db8::7")
        #expect(try client(["10.0.0.1"], from: "::ffff:10.0.0.1", forwarded: "1.2.3.4") == "1.2.3.4")
    }

    @Test("what is no address or range is refused", arguments: ["10.0.0", "10.0.0.0/33", "proxy", "10.0.0.0/8/8", ""])
    func wrong(_ text: String) { #expect(TrustedProxies([text]) == nil) }
}
