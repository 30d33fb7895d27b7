/// The parts of a server's address.
struct ServerAddress {
    var scheme: String
    var host: String
    var port: Int

    var hasUsualPort: Bool { port == (scheme == "https" ? 443 : 80) }

    init?(_ url: String) {
        guard let mark = url.range(of: "://") else { return nil }
        scheme = url[..<mark.lowerBound].lowercased()
        let authority = url[mark.upperBound...].prefix { $0 != "/" }
        let usual = scheme == "https" ? 443 : 80
        let parts = authority.split(separator: ":", maxSplits: 1)
        guard let first = parts.first, scheme == "https" || scheme == "http" else { return nil }
        host = String(first)
        port = parts.count > 1 ? Int(parts[1]) ?? usual : usual
    }
}
