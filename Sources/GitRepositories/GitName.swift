import FoundationEssentials
import PipelineModel

#if canImport(Glibc)
    import Glibc
#endif

/// Decides which names and addresses are handed to git. Strangers choose them.
enum GitName {
    /// Whether a text is a commit's id: 40 or 64 lower-case hexadecimal digits.
    static func isCommit(_ text: String) -> Bool {
        (text.utf8.count == 40 || text.utf8.count == 64)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    /// Whether a text can be a full ref, by the rules of `git check-ref-format`.
    static func isRef(_ text: String) -> Bool {
        guard text.hasPrefix("refs/"), text.utf8.count <= 1_024, !text.hasSuffix("/"), !text.hasSuffix("."),
            !text.contains(".."), !text.contains("//"), !text.contains("@{"), !text.contains("/.")
        else { return false }
        let forbidden: Set<UInt8> = Set(" ~^:?*[\\".utf8)
        return text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !forbidden.contains($0) }
            && !text.split(separator: "/").contains { $0.hasSuffix(".lock") }
    }

    /// Whether a text is an address that git may be sent to: a URL of a known scheme without a login in it, or an
    /// absolute path.
    static func isAddress(_ text: String) -> Bool {
        guard text.utf8.count <= 2_048, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return false }
        if text.hasPrefix("/") { return true }
        for scheme in GitCommand.Reach.anywhere.schemes where text.hasPrefix("\(scheme)://") {
            let rest = text.dropFirst(scheme.count + 3)
            let host = rest.prefix { $0 != "/" }
            guard !host.hasPrefix("-") else { return false }
            return scheme == "ssh" || !host.contains("@")
        }
        return false
    }

    /// Whether an address names a repository of this machine.
    static func isLocal(_ address: String) -> Bool { address.hasPrefix("/") || address.hasPrefix("file://") }

    /// Scheme and host of an http URL, for tying a credential to it.
    static func origin(of url: String) -> String? {
        for scheme in ["https://", "http://"] where url.hasPrefix(scheme) {
            let host = url.dropFirst(scheme.count).prefix { $0 != "/" }
            return host.isEmpty ? nil : scheme + host
        }
        return nil
    }

    /// Whether a URL's host is this machine or a neighbour on its link, such as a cloud's metadata service, in any way
    /// to write such an address down.
    static func namesThisMachine(_ url: String) -> Bool {
        guard let begin = url.firstRange(of: "://")?.upperBound else { return false }
        let authority = url[begin...].prefix { $0 != "/" }
        let afterLogin = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let host: String =
            if afterLogin.hasPrefix("[") {
                String(afterLogin.dropFirst().prefix { $0 != "]" })
            } else {
                afterLogin.prefix { $0 != ":" }.lowercased()
            }
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        if name.isEmpty || name == "localhost" || name.hasSuffix(".localhost") { return true }
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &found) == 0, let first = found else { return false }
        defer { freeaddrinfo(found) }
        return first.pointee.ai_family == AF_INET6 ? isNearSix(first.pointee) : isNearFour(first.pointee)
    }

    private static func isNearFour(_ info: addrinfo) -> Bool {
        let address = info.ai_addr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            UInt32(bigEndian: $0.pointee.sin_addr.s_addr)
        }
        return isNear(address)
    }

    private static func isNearSix(_ info: addrinfo) -> Bool {
        let bytes = info.ai_addr.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
            withUnsafeBytes(of: $0.pointee.sin6_addr) { Array($0) }
        }
        if bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80 { return true }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        if isMapped { return isNear(bytes[12...].reduce(0) { $0 << 8 | UInt32($1) }) }
        // :: and ::1.
        return bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] <= 1
    }

    /// 127.0.0.0/8, 169.254.0.0/16 and 0.0.0.0/8.
    private static func isNear(_ address: UInt32) -> Bool {
        address >> 24 == 127 || address >> 24 == 0 || address >> 16 == 0xA9FE
    }

    static func checkCommit(_ commit: String) throws {
        guard isCommit(commit) else {
            throw GitError(.refused, message: "\"\(commit.prefix(80))\" is not a commit's full id")
        }
    }

    static func checkRef(_ ref: String) throws {
        guard isRef(ref) else { throw GitError(.refused, message: "\"\(ref.prefix(80))\" is not a full ref") }
    }

    static func checkAddress(_ url: String) throws {
        guard isAddress(url) else {
            throw GitError(
                .refused,
                message: "\"\(url.prefix(80))\" is not an address that git is sent to: an https, http, ssh or "
                    + "file URL without a login, or an absolute path")
        }
    }
}
