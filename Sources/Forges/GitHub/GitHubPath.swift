import PipelineModel

/// A repository's place at GitHub: its number, or owner and name, checked, so that nothing else becomes part of a
/// request's path.
struct GitHubPath: Sendable {
    /// What people call it.
    let text: String
    /// The place in the API.
    let path: String

    init(_ name: String) throws(ForgeError) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 100
                && part.utf8.allSatisfy { byte in
                    byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
                        || Character(Unicode.Scalar(byte)).isLetter && byte < 0x80
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                }
        }
        guard parts.count == 2, isPlain else {
            throw ForgeError(.misconfigured, message: "A repository at GitHub is named owner/name; this is not one.")
        }
        text = name
        path = "/repos/\(name)"
    }

    /// The place by the repository's number, which GitHub itself redirects to when the name has changed.
    init(numbered remoteID: Int64) {
        text = "repository \(remoteID)"
        path = "/repositories/\(remoteID)"
    }
}
