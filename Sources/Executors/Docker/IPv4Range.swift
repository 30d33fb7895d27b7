/// A range of IPv4 addresses, such as `10.213.0.0/16`.
public struct IPv4Range: Hashable, Sendable, CustomStringConvertible {
    /// The first address, as a number.
    let first: UInt32
    /// How many leading bits all addresses share.
    let prefix: Int

    /// Reads `10.213.0.0/16`; nil for anything else, and where the address has bits outside the prefix.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let prefix = Int(parts[1]), (8...32).contains(prefix) else { return nil }
        let bytes = parts[0].split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard bytes.count == 4 else { return nil }
        var first: UInt32 = 0
        for byte in bytes {
            guard let byte else { return nil }
            first = first << 8 | UInt32(byte)
        }
        self.init(first: first, prefix: prefix)
        guard UInt64(first) % size == 0 else { return nil }
    }

    /// 10.213.0.0/16: where job networks are when nothing else is configured.
    public static let jobNetworks = IPv4Range(first: 10 << 24 | 213 << 16, prefix: 16)

    init(first: UInt32, prefix: Int) {
        self.first = first
        self.prefix = prefix
    }

    /// Whether an address such as `10.213.0.2` is in it.
    public func contains(_ address: String) -> Bool {
        guard let range = IPv4Range(address + "/32") else { return false }
        return range.first >= first && UInt64(range.first - first) < size
    }

    /// The address of the machine in a network of this range: the first that a host can have.
    var gateway: String { IPv4Range(first: first + 1, prefix: 32).address }

    /// How many addresses are in it.
    var size: UInt64 { 1 << UInt64(32 - prefix) }

    /// The form it is read from.
    public var description: String { "\(address)/\(prefix)" }

    /// The first address in dots.
    var address: String {
        [24, 16, 8, 0].map { String(first >> UInt32($0) & 255) }.joined(separator: ".")
    }

    /// The part of that number when the range is cut into parts of a longer prefix, counted round.
    func part(_ number: Int, prefix longer: Int) -> IPv4Range {
        let count = 1 << max(0, longer - prefix)
        return IPv4Range(first: first + UInt32(number % count) << UInt32(32 - longer), prefix: longer)
    }
}
