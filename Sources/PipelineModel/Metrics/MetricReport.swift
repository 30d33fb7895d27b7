/// What an attempt says in numbers of the model it made: metrics, parameters and curves, read by its runner from the files
/// that the job wrote.
///
/// It is data that a job controls: bounded here, and never trusted to be more than data.
public struct MetricReport: Hashable, Codable, Sendable {
    /// The numbers that a gate may judge; no two with one name.
    public var metrics: [Metric]
    /// What the model was made with; no two with one name.
    public var parameters: [Parameter]
    /// Numbers over the steps of training.
    public var curves: [Curve]
    /// The metrics example by example; nil where no file has that.
    public var examples: ExampleTable?
    /// What could not be read or was left out, in words.
    public var remarks: [String]

    /// Describes a report.
    public init(
        metrics: [Metric] = [], parameters: [Parameter] = [], curves: [Curve] = [], remarks: [String] = []
    ) {
        self.metrics = metrics
        self.parameters = parameters
        self.curves = curves
        self.remarks = remarks
    }

    /// How many metrics, and how many parameters, a report has at most.
    public static let entryLimit = 500
    /// How many curves a report has at most.
    public static let curveLimit = 64
    /// How many points a curve has at most.
    public static let pointLimit = 256
    /// How many remarks a report has at most.
    public static let remarkLimit = 20
    /// How many characters a name has at most, as in MLflow.
    public static let nameLimit = 250
    /// How many characters a parameter's value has at most.
    public static let valueLimit = 500

    /// Whether it says nothing.
    public var isEmpty: Bool {
        metrics.isEmpty && parameters.isEmpty && curves.isEmpty && remarks.isEmpty && examples == nil
    }

    /// The value of a metric; nil where it was not reported.
    public func value(of metric: String) -> MetricValue? { metrics.first { $0.name == metric }?.value }

    /// The report within its limits: what is over them is left out, the metrics of `wanted` last of all, and a remark
    /// says so.
    public func bounded(keeping wanted: Set<String> = []) -> MetricReport {
        var bounded = self
        if let examples, !examples.isSound { bounded.examples = nil }
        bounded.metrics = Self.first(
            Self.entryLimit, "metrics", of: metrics.filter { $0.name.count <= Self.nameLimit },
            ahead: { wanted.contains($0.name) }, &bounded.remarks)
        bounded.parameters = Self.first(
            Self.entryLimit, "parameters", of: parameters.filter { $0.name.count <= Self.nameLimit },
            ahead: { _ in false }, &bounded.remarks
        ).map { Parameter($0.name, String($0.value.prefix(Self.valueLimit))) }
        bounded.curves = Self.first(
            Self.curveLimit, "curves", of: curves.filter { $0.name.count <= Self.nameLimit },
            ahead: { wanted.contains($0.name) }, &bounded.remarks
        ).map(\.bounded)
        bounded.remarks = bounded.remarks.prefix(Self.remarkLimit).map { String($0.prefix(Self.valueLimit)) }
        return bounded
    }

    private static func first<Entry>(
        _ limit: Int, _ what: String, of entries: [Entry], ahead: (Entry) -> Bool, _ remarks: inout [String]
    ) -> [Entry] {
        guard entries.count > limit else { return entries }
        remarks.append("\(entries.count - limit) \(what) are left out: \(limit) are kept of an attempt")
        return Array((entries.filter(ahead) + entries.filter { !ahead($0) }).prefix(limit))
    }
}

/// A number that an attempt reports under a name.
public struct Metric: Hashable, Codable, Sendable {
    /// Its name, such as `f1` or `val.loss`.
    public var name: String
    /// The number.
    public var value: MetricValue

    /// Names a number.
    public init(_ name: String, _ value: Double) {
        self.name = name
        self.value = MetricValue(value)
    }
}

/// A number as a job reported it: it may be infinite or no number at all. In JSON those are the texts `NaN`, `Infinity`
/// and `-Infinity`, as Protocol Buffers write them.
public struct MetricValue: Hashable, Codable, Sendable {
    /// The number.
    public var number: Double

    /// Takes a number.
    public init(_ number: Double) { self.number = number }

    /// Reads a number, or the text for one that JSON has no number for.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
            self.number = number
            return
        }
        switch try container.decode(String.self) {
        case "NaN": number = .nan
        case "Infinity": number = .infinity
        case "-Infinity": number = -.infinity
        case let text:
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\"\(text.prefix(40))\" is not a number")
        }
    }

    /// Writes it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if number.isFinite {
            try container.encode(number)
        } else {
            try container.encode(number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity")
        }
    }
}

/// Something that a model was made with: a learning rate, a number of layers.
public struct Parameter: Hashable, Codable, Sendable {
    /// Its name; that of a nested one has the names above it in front, with dots.
    public var name: String
    /// Its value, as text.
    public var value: String

    /// Names a value.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A number over the steps of training.
public struct Curve: Hashable, Codable, Sendable {
    /// Its name: the run's folder where there is more than one, and the tag.
    public var name: String
    /// The points, in the order of their steps; no two with one step.
    public var points: [Point]

    /// One point.
    public struct Point: Hashable, Codable, Sendable {
        /// The step of training.
        public var step: Int64
        /// The number.
        public var value: MetricValue

        /// Puts a number at a step.
        public init(step: Int64, value: Double) {
            self.step = step
            self.value = MetricValue(value)
        }
    }

    /// Draws a curve.
    public init(name: String, points: [Point]) {
        self.name = name
        self.points = points
    }

    /// The curve with no more points than are kept: evenly chosen, the first and the last among them.
    public var bounded: Curve {
        let limit = MetricReport.pointLimit
        guard points.count > limit else { return self }
        let last = points.count - 1
        return Curve(name: name, points: (0..<limit).map { points[($0 * last + (limit - 1) / 2) / (limit - 1)] })
    }
}
