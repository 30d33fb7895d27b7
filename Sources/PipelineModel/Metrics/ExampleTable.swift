/// What a model made of the single examples of its test set: a number for each example and metric.
///
/// Two tables about the same examples tell how far a metric would move with another test set of the same kind.
public struct ExampleTable: Hashable, Codable, Sendable {
    /// The examples' names, in order; no two alike.
    public var ids: [String]
    /// The numbers of each metric, in the order of the names; all of them finite.
    public var values: [String: [Double]]

    /// How many examples a table has at most, and how many metrics.
    public static let exampleLimit = 5_000, metricLimit = 16
    /// How many characters an example's name has at most.
    public static let idLimit = 64

    /// Collects numbers.
    public init(ids: [String], values: [String: [Double]]) {
        self.ids = ids
        self.values = values
    }

    /// Whether it is within its limits and of one piece. What is not is no data of ours.
    public var isSound: Bool {
        ids.count <= Self.exampleLimit && values.count <= Self.metricLimit
            && zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 } && ids.allSatisfy { $0.count <= Self.idLimit }
            && values.allSatisfy { $0.key.count <= MetricReport.nameLimit && $0.value.count == ids.count }
            && values.values.allSatisfy { $0.allSatisfy(\.isFinite) }
    }
}
