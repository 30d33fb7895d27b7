/// An image's name taken apart: which registry has it, and which of its versions is meant.
///
/// `python:3`, `localhost:5000/ml/train@sha256:…`, `ghcr.io/a/b:v1`. The text comes from a pipeline file, so what is not
/// a reference is refused here instead of being pasted into a URL.
struct ImageReference: Hashable, CustomStringConvertible {
    /// The name without tag and digest, as the engine's `fromImage` takes it.
    let name: String
    /// What the engine's `tag` takes: the digest where there is one, else the tag, else `latest`.
    let tagOrDigest: String
    /// The registry's host and port; `docker.io` where the name begins with none.
    let registry: String
    /// The reference as it was written.
    let description: String

    /// The reference as the engine names the image: with its digest where there is one, else with its tag.
    var engineName: String { name + (tagOrDigest.contains(":") ? "@" : ":") + tagOrDigest }

    /// Reads a reference of at most 512 characters; nil where it is none.
    init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= 512, text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        description = text
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        var name = parts[0]
        var tag: Substring = "latest"
        let lastFolder = name.lastIndex(of: "/") ?? name.startIndex
        if let colon = name[lastFolder...].lastIndex(of: ":") {
            tag = name[name.index(after: colon)...]
            name = name[..<colon]
        }
        let digest = parts.count == 2 ? parts[1] : nil
        let folders = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !folders.contains(where: \.isEmpty), !folders.contains(".."), !tag.isEmpty, digest?.isEmpty != true else {
            return nil
        }
        let first = folders[0]
        let namesRegistry = folders.count > 1 && (first.contains(".") || first.contains(":") || first == "localhost")
        registry = namesRegistry ? String(first) : "docker.io"
        self.name = String(name)
        tagOrDigest = String(digest ?? tag)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        let character = Character(UnicodeScalar(byte))
        return character.isASCII
            && (character.isLetter || character.isNumber || "._-/:@+".contains(character))
    }
}
