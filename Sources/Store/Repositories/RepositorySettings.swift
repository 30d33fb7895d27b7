/// What a person has set for one repository. A field that is missing in a stored value has its default.
public struct RepositorySettings: Hashable, Codable, Sendable {
    /// How many jobs of a pipeline get a status context of their own; nil for as many as the server's settings say.
    public var statusJobLimit: Int?
    /// Branches whose pipelines see protected secrets: names, with `*` for any run of characters.
    public var protectedBranches: [String]
    /// Tags whose pipelines see protected secrets: names, with `*` for any run of characters.
    public var protectedTags: [String]
    /// Whether pipelines are made at all.
    public var isEnabled: Bool

    /// The defaults: the server's number of job contexts; the default branch alone counts as protected where no pattern
    /// is given.
    public init(
        statusJobLimit: Int? = nil, protectedBranches: [String] = [], protectedTags: [String] = [],
        isEnabled: Bool = true
    ) {
        self.statusJobLimit = statusJobLimit
        self.protectedBranches = protectedBranches
        self.protectedTags = protectedTags
        self.isEnabled = isEnabled
    }

    /// Reads what is there and fills in the rest.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let defaults = RepositorySettings()
        statusJobLimit = try container.decodeIfPresent(Int.self, forKey: .statusJobLimit)
        protectedBranches =
            try container.decodeIfPresent([String].self, forKey: .protectedBranches) ?? defaults.protectedBranches
        protectedTags = try container.decodeIfPresent([String].self, forKey: .protectedTags) ?? defaults.protectedTags
        isEnabled = try container.decodeIfPresent(Bool.self, forKey: .isEnabled) ?? defaults.isEnabled
    }
}
