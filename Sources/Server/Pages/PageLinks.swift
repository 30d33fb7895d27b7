import PipelineModel

/// Addresses of pages, with the grant that opened the first of them, where one did.
struct PageLinks: Sendable {
    /// The text of the grant; nil for a reader who has logged in.
    var grant: String?

    func pipeline(_ id: PipelineID) -> String { path("/pipelines/\(id)") }

    func job(_ name: String, of id: PipelineID, attempt: Int? = nil) -> String {
        path("/pipelines/\(id)/\(Self.segment(name))", [("attempt", attempt.map(String.init))])
    }

    func log(of name: String, in id: PipelineID, attempt: Int) -> String {
        path("/pipelines/\(id)/\(Self.segment(name))/log", [("attempt", String(attempt))])
    }

    func artifact(of name: String, in id: PipelineID, attempt: Int, sha256: String) -> String {
        path(
            "/pipelines/\(id)/\(Self.segment(name))/artifact", [("attempt", String(attempt)), ("sha256", sha256)])
    }

    /// Where a page's changes come from: its own address, asked for as events, from an offset of the log on.
    func live(_ name: String, of id: PipelineID, attempt: Int?, offset: Int64) -> String {
        path(
            "/pipelines/\(id)/\(Self.segment(name))",
            [("attempt", attempt.map(String.init)), ("offset", String(offset))])
    }

    private func path(_ path: String, _ query: [(String, String?)] = []) -> String {
        let pairs = (query + [("grant", grant)]).compactMap { name, value in value.map { "\(name)=\(Self.segment($0))" }
        }
        return pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
    }

    /// A text as one segment of a path: every byte but letters, digits and `-_.~` percent-encoded.
    static func segment(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".unicodeScalars)
        var result = String.UnicodeScalarView()
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                result.append(Unicode.Scalar(byte))
            default:
                result.append("%")
                result.append(digits[Int(byte >> 4)])
                result.append(digits[Int(byte & 15)])
            }
        }
        return String(result)
    }
}
