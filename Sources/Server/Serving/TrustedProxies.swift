import HTTPTypes
import Hummingbird
import NIOCore

/// Proxies whose word is believed about who a request came from.
///
/// Such a proxy puts the address that it sees behind those that stand in `X-Forwarded-For` already, so that the list is
/// read from its end: the first address that is not a trusted proxy's is the client's. Anybody else's header is ignored.
public struct TrustedProxies: Sendable {
    private let ranges: [AddressRange]

    /// Trusts nobody.
    public static let none = TrustedProxies(ranges: [])

    private init(ranges: [AddressRange]) { self.ranges = ranges }

    /// Trusts addresses such as `10.0.0.7` and ranges such as `10.0.0.0/8` or `fd00::/8`; nil where one is neither.
    public init?(_ texts: [String]) {
        var ranges: [AddressRange] = []
        for text in texts {
            guard let range = AddressRange(text) else { return nil }
            ranges.append(range)
        }
        self.init(ranges: ranges)
    }

    /// The address that a request came from.
    func client(of request: Request, from peer: SocketAddress?) -> SocketAddress? {
        guard !ranges.isEmpty, var client = peer else { return peer }
        let named = request.headers[values: .xForwardedFor].flatMap { $0.split(separator: ",") }
        for text in named.reversed() {
            guard trusts(client) else { return client }
            let address = text.trimmingCharacters(of: [" ", "\t", "[", "]"])
            guard let next = try? SocketAddress(ipAddress: address, port: 0) else { return client }
            client = next
        }
        return client
    }

    private func trusts(_ address: SocketAddress) -> Bool {
        guard let bytes = address.addressBytes else { return false }
        return ranges.contains { $0.contains(bytes) }
    }
}

extension HTTPField.Name {
    /// Who a request came from, as proxies say it.
    static let xForwardedFor = HTTPField.Name("X-Forwarded-For")!
}

/// Addresses that begin with the same bits.
private struct AddressRange: Sendable {
    let bytes: [UInt8]
    let prefix: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2,
            let bytes = (try? SocketAddress(ipAddress: String(first), port: 0))?.addressBytes
        else { return nil }
        self.bytes = bytes
        guard parts.count == 2 else {
            prefix = bytes.count * 8
            return
        }
        guard let prefix = Int(parts[1]), (0...bytes.count * 8).contains(prefix) else { return nil }
        self.prefix = prefix
    }

    func contains(_ address: [UInt8]) -> Bool {
        guard address.count == bytes.count else { return false }
        return (0..<prefix).allSatisfy { bit in
            let mask = UInt8(0x80) >> UInt8(bit % 8)
            return address[bit / 8] & mask == bytes[bit / 8] & mask
        }
    }
}

extension SocketAddress {
    /// The address's bytes, four or sixteen; an IPv4 address that is written as an IPv6 one has four.
    fileprivate var addressBytes: [UInt8]? {
        switch self {
        case .v4(let address): return withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
        case .v6(let address):
            let bytes = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
            let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
            return isMapped ? Array(bytes[12...]) : bytes
        case .unixDomainSocket: return nil
        }
    }
}

extension Substring {
    fileprivate func trimmingCharacters(of set: Set<Character>) -> String {
        String(drop { set.contains($0) }.reversed().drop { set.contains($0) }.reversed())
    }
}

/// Says in a request's context who it came from, where trusted proxies stand between.
struct ClientAddressMiddleware: RouterMiddleware {
    let proxies: TrustedProxies

    func handle(
        _ request: Request, context: ServerRequestContext,
        next: (Request, ServerRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.remoteAddress = proxies.client(of: request, from: context.remoteAddress)
        return try await next(request, context)
    }
}
