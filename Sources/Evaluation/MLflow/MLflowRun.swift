import PipelineModel

/// An experiment: what runs are of.
struct MLflowExperiment: Sendable {
    var id: String
    var name: String
    /// When it was made, in milliseconds since 1970.
    var time: Int64
}

/// What a run comes to.
public enum MLflowStatus: String, Codable, Sendable {
    case running = "RUNNING"
    case scheduled = "SCHEDULED"
    case finished = "FINISHED"
    case failed = "FAILED"
    case killed = "KILLED"
}

/// A run: what one training has logged.
struct MLflowRun: Sendable {
    var id: String
    var experiment: String
    var name: String
    var status = MLflowStatus.running
    /// When it began, in milliseconds since 1970, by the job's clock.
    var start: Int64
    var end: Int64?
    var isDeleted = false
    var parameters: [String: String] = [:]
    var tags: [String: String] = [:]
    var series: [String: MLflowSeries] = [:]

    /// The tag that has a run's name.
    static let nameTag = "mlflow.runName"
    /// The tag that names the run in which a run is nested.
    static let parentTag = "mlflow.parentRunId"

    init(id: String, experiment: String, name: String, start: Int64) {
        self.id = id
        self.experiment = experiment
        self.name = name
        self.start = start
    }
}

/// A number that was logged under a name.
public struct MLflowSample: Hashable, Codable, Sendable {
    /// The name.
    public var name: String
    /// The number.
    public var value: MetricValue
    /// When, in milliseconds since 1970, by the job's clock.
    public var timestamp: Int64
    /// The step of training.
    public var step: Int64

    /// Names a number.
    public init(name: String, value: MetricValue, timestamp: Int64, step: Int64) {
        self.name = name
        self.value = value
        self.timestamp = timestamp
        self.step = step
    }
}

/// The numbers of one name of a run: evenly chosen, so many as are kept, and the last one.
public struct MLflowSeries: Hashable, Codable, Sendable {
    /// A number at a step and a time.
    struct Point: Hashable, Codable, Sendable {
        var step: Int64
        var timestamp: Int64
        var value: MetricValue

        /// Whether it is the same, what is no number being the same as itself.
        func isSame(as other: Point) -> Bool {
            step == other.step && timestamp == other.timestamp
                && value.number.bitPattern == other.value.number.bitPattern
        }
    }

    private(set) var points: [Point] = []
    /// The one of the greatest step, and of those the newest.
    private(set) var last: Point?
    /// Every so manieth is kept.
    private var stride = 1
    private var count = 0

    /// How many points are kept at most; past that every other one is dropped.
    static let pointLimit = 512

    mutating func add(_ sample: MLflowSample) {
        let point = Point(step: sample.step, timestamp: sample.timestamp, value: sample.value)
        if last.map({ ($0.step, $0.timestamp) <= (point.step, point.timestamp) }) ?? true { last = point }
        if count % stride == 0 {
            points.append(point)
            if points.count > Self.pointLimit {
                points = points.indices.filter { $0 % 2 == 0 }.map { points[$0] }
                stride *= 2
            }
        }
        count += 1
    }

    /// What is kept, the one of the greatest step among it: each once, in whatever order they came.
    var all: [Point] {
        guard let last, !points.contains(where: { $0.isSame(as: last) }) else { return points }
        return points + [last]
    }

    /// The points over their steps.
    func curve(named name: String) -> Curve {
        Curve(name: name, points: all.map { .init(step: $0.step, value: $0.value.number) }).ordered
    }
}

/// A model that a run has logged, of which only the description is kept.
public struct MLflowModel: Hashable, Codable, Sendable {
    var id: String
    var experiment: String
    var name: String
    var type: String
    var run: String
    var status = "LOGGED_MODEL_PENDING"
    var time: Int64
    var parameters: [Parameter]
    var tags: [Parameter]
}
