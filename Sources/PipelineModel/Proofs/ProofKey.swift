/// What decides whether the result of one job may stand for another's: everything that such a job may read, by part.
///
/// Two jobs with the same key, image included, would do the same work on the same things.
public struct ProofKey: Hashable, Codable, Sendable {
    /// A part of a key, in the order of its encoding.
    public enum Part: String, Codable, Sendable, CaseIterable {
        /// The commands, and the entrypoint around them.
        case script
        /// The variables that the script sees, with their values; secrets by when they were set.
        case variables
        /// The declared inputs: paths, modes and contents.
        case inputs
        /// Seed, and part of a job that is split.
        case parameters
        /// What the jobs that it needs have left.
        case artifacts
        /// What it asks of a machine: tags, GPUs, data.
        case machine
        /// What is kept of what it makes.
        case outputs
        /// Whose word it is: the repository's, or that of a fork's pull request.
        case trust
    }

    /// One thing that counts, by name.
    public struct Item: Hashable, Codable, Sendable {
        /// What it is: a variable's name, a path, a number of a command.
        public var name: String
        /// What it is like.
        public var value: String

        /// Names a thing.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The items of each part; a part without any is left out.
    private var parts: [String: [Item]]
    /// The declared inputs one by one, for people. What counts is their digest, which is an item of their part; a long list
    /// is cut.
    public private(set) var files: [Item]
    /// Whether `files` are all there are.
    public private(set) var hasAllFiles: Bool

    /// How many files are kept one by one.
    public static let fileLimit = 2_000

    /// A key in which nothing counts yet.
    public init() {
        parts = [:]
        files = []
        hasAllFiles = true
    }

    /// The items of a part.
    public subscript(part: Part) -> [Item] {
        get { parts[part.rawValue] ?? [] }
        set { parts[part.rawValue] = newValue.isEmpty ? nil : newValue }
    }

    /// Sets the declared inputs.
    /// - Parameters:
    ///   - digest: the SHA-256 of the whole listing, in hexadecimal digits.
    ///   - files: each of them, with its mode and its content's name.
    public mutating func setInputs(digest: String, files: [Item]) {
        self[.inputs] = [Item(Self.listing, digest)]
        self.files = Array(files.prefix(Self.fileLimit))
        hasAllFiles = files.count <= Self.fileLimit
    }

    /// The digest of the declared inputs.
    public var inputsDigest: String? { self[.inputs].first?.value }

    private static let listing = "listing"

    /// The key with an image, as bytes that are the same for equal keys alone: what is hashed. The first line is the
    /// encoding's version; every text has its length before it, so that no two lists run into one.
    public func canonicalBytes(image: String) -> [UInt8] {
        var bytes = Array("pawl-proof-1\n".utf8)
        func add(_ text: String) { bytes += Array("\(text.utf8.count):".utf8) + Array(text.utf8) }
        add("image")
        add(image)
        for part in Part.allCases {
            let items = self[part]
            add(part.rawValue)
            add(String(items.count))
            for item in items {
                add(item.name)
                add(item.value)
            }
        }
        return bytes
    }

    // MARK: - Comparing

    /// Something that is another in one key than in an earlier one.
    public struct Difference: Hashable, Codable, Sendable {
        /// The part it is in; nil for the image.
        public var part: Part?
        /// What it is.
        public var name: String
        /// What it was; nil where it was not there.
        public var old: String?
        /// What it is now; nil where it is not there any more.
        public var new: String?

        /// Describes a difference.
        public init(part: Part?, name: String, old: String?, new: String?) {
            self.part = part
            self.name = name
            self.old = old
            self.new = new
        }
    }

    /// What is another here than in an earlier key, in the order of the parts.
    public func differences(from earlier: ProofKey) -> [Difference] {
        Part.allCases.flatMap { part -> [Difference] in
            guard self[part] != earlier[part] else { return [] }
            if part == .inputs, hasAllFiles, earlier.hasAllFiles {
                let found = Self.differences(in: part, from: earlier.files, to: files)
                // The same files can be laid out by other attributes.
                if !found.isEmpty { return found }
            }
            return Self.differences(in: part, from: earlier[part], to: self[part])
        }
    }

    private static func differences(in part: Part, from old: [Item], to new: [Item]) -> [Difference] {
        let before = Dictionary(old.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        let names = old.map(\.name) + new.map(\.name).filter { before[$0] == nil }
        return names.compactMap { name in
            before[name] == after[name]
                ? nil : Difference(part: part, name: name, old: before[name], new: after[name])
        }
    }
}
