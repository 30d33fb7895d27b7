import PipelineModel

/// The curves that a run's event files draw, read one file after the other in the order of their names, as TensorBoard
/// reads them: a session that begins anew at a step makes void what an earlier one wrote from there on.
///
/// Files that are still written, or were cut, are read as far as they go. Nothing that a file says makes more of it than
/// the limits here.
public struct EventSeries {
    private var tags: [String] = []
    private var points: [String: [Curve.Point]] = [:]
    private var hyperparameters = ParameterList()
    /// What could not be read, in words.
    public private(set) var remarks: [String] = []

    /// How many tags a run has at most.
    static let tagLimit = 1_000
    /// How many points a tag has before every other one of them is dropped.
    static let pointLimit = 65_536

    /// Nothing is read yet.
    public init() {}

    /// Whether a file's name is that of an event file.
    public static func isOne(_ path: String) -> Bool {
        path.split(separator: "/").last?.contains("tfevents") ?? false
    }

    /// Reads the next file of the run.
    /// - Parameter read: gives at most so many of the file's next bytes; none at its end.
    /// - Throws: what `read` throws.
    public mutating func add(path: String, read: @escaping (Int) throws -> [UInt8]) throws {
        var reader = RecordReader(read: read)
        var isFull = false
        while let record = try reader.next() {
            let event = TrainingEvent(record)
            if event.isRestart { void(from: event.step) }
            for (name, value) in event.hyperparameters { hyperparameters.set(name, value) }
            for (tag, value) in event.scalars where !note(.init(step: event.step, value: value), of: tag) {
                isFull = true
            }
        }
        if reader.isBroken { remarks.append("\(path): a record's length is damaged; what follows it is not read") }
        if reader.damaged > 0 { remarks.append("\(path): \(reader.damaged) damaged records are left out") }
        if isFull { remarks.append("\(path): of more than \(Self.tagLimit) tags the rest is left out") }
    }

    /// The points of each tag as they were written, in the order in which the tags came.
    public var curves: [Curve] { tags.compactMap { tag in points[tag].map { Curve(name: tag, points: $0) } } }

    /// What the run says it was made with.
    public var parameters: [Parameter] { hyperparameters.parameters }

    private mutating func void(from step: Int64) {
        for tag in tags { points[tag]?.removeAll { $0.step >= step } }
    }

    /// - Returns: whether there was room for the tag.
    private mutating func note(_ point: Curve.Point, of tag: String) -> Bool {
        guard points[tag] != nil || tags.count < Self.tagLimit else { return false }
        if points[tag] == nil { tags.append(tag) }
        points[tag, default: []].append(point)
        if points[tag, default: []].count > Self.pointLimit {
            let all = points[tag, default: []]
            points[tag] = all.indices.filter { $0 % 2 == 0 || $0 == all.count - 1 }.map { all[$0] }
        }
        return true
    }
}

extension Curve {
    /// The curve with its points in the order of their steps; of two at one step the later one counts.
    public var ordered: Curve {
        var byStep: [Int64: Point] = [:]
        for point in points { byStep[point.step] = point }
        return Curve(name: name, points: byStep.values.sorted { $0.step < $1.step })
    }
}

/// Parameters by name, in the order in which each came first; the last value of a name counts.
struct ParameterList {
    private(set) var parameters: [Parameter] = []
    private var places: [String: Int] = [:]

    mutating func set(_ name: String, _ value: String) {
        if let place = places[name] {
            parameters[place].value = value
        } else if parameters.count < MetricReport.entryLimit {
            places[name] = parameters.count
            parameters.append(Parameter(name, value))
        }
    }
}
