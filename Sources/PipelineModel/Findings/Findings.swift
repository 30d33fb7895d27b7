/// What an attempt found out about the code, beside whether its script passed: its tests, and how much of the code they
/// reach.
public struct Findings: Hashable, Codable, Sendable {
    /// What its tests came to; nil where it has no report of them.
    public var tests: TestReport?
    /// How much of the code its tests reach, in percent; nil where it says nothing of that.
    public var coverage: Double?
    /// What could not be read, in words.
    public var remarks: [String]?

    /// Collects what was found.
    public init(tests: TestReport? = nil, coverage: Double? = nil, remarks: [String]? = nil) {
        self.tests = tests
        self.coverage = coverage
        self.remarks = remarks
    }

    /// How many remarks are kept.
    public static let remarkLimit = 10

    /// Whether it says nothing.
    public var isEmpty: Bool { tests == nil && coverage == nil && remarks?.isEmpty ?? true }

    /// Whether tests failed.
    public var isBad: Bool { tests.map { !$0.isGood } ?? false }

    /// The findings within their limits; nil where nothing is left.
    public var bounded: Findings? {
        let notes = (remarks ?? []).prefix(Self.remarkLimit).map { String($0.prefix(300)) }
        let found = Findings(
            tests: tests?.bounded, coverage: coverage.flatMap { (0...100).contains($0) ? $0 : nil },
            remarks: notes.isEmpty ? nil : Array(notes))
        return found.isEmpty ? nil : found
    }

    /// What is said of a node with several seeds: what the first seed says whose tests failed, else what the seed says
    /// that ships, which is the first. A sum would count each test once for each seed.
    public static func ofNode(_ seeds: [Findings?]) -> Findings? {
        seeds.compactMap { $0 }.first(where: \.isBad) ?? seeds.first ?? nil
    }
}
