import PipelineModel

/// What an attempt has logged with MLflow's API: experiments, runs and models, as its client sees them.
///
/// It changes by `Change` alone, so that the same changes give the same record again in the next process. A job controls
/// what comes in: `checkRoom` holds the limits before a change is made.
public struct MLflowRecord: Sendable {
    /// One change.
    public enum Change: Hashable, Codable, Sendable {
        /// An experiment was made.
        case experiment(id: String, name: String, time: Int64)
        /// A run was begun.
        case run(id: String, experiment: String, name: String, start: Int64, tags: [Parameter])
        /// A run has another status, end or name; nil leaves it.
        case update(run: String, status: MLflowStatus?, end: Int64?, name: String?)
        /// A run was deleted, or brought back.
        case deletion(run: String, isDeleted: Bool)
        /// A run has logged something.
        case log(run: String, samples: [MLflowSample], parameters: [Parameter], tags: [Parameter])
        /// A run has lost a tag.
        case untag(run: String, tag: String)
        /// The numbers of one name of a run, as far as they were kept.
        case series(run: String, name: String, series: MLflowSeries)
        /// A model was made, or is described anew.
        case model(MLflowModel)
    }

    private(set) var experiments: [MLflowExperiment] = []
    private(set) var runs: [MLflowRun] = []
    private(set) var models: [MLflowModel] = []
    private var places: [String: Int] = [:]
    private var modelPlaces: [String: Int] = [:]
    /// How many bytes of text are kept in all, roughly.
    private var textSize = 0
    private var seriesCount = 0

    static let experimentLimit = 200
    static let runLimit = 1_000
    static let modelLimit = 1_000
    /// How many names of numbers all runs have together.
    static let seriesLimit = 5_000
    /// How many bytes the texts of all runs have together.
    static let textLimit = 8 << 20
    /// What a text takes beside its bytes.
    private static let textOverhead = 64

    /// Nothing was logged.
    public init() {}

    /// Whether nothing but experiments was made.
    public var isEmpty: Bool { runs.isEmpty && models.isEmpty }

    func run(_ id: String) -> MLflowRun? { places[id].map { runs[$0] } }

    func model(_ id: String) -> MLflowModel? { modelPlaces[id].map { models[$0] } }

    func experiment(_ id: String) -> MLflowExperiment? { experiments.first { $0.id == id } }

    // MARK: - Limits

    /// Looks whether there is room for a change.
    func checkRoom(for change: Change) throws(MLflowRefusal) {
        var texts = 0
        switch change {
        case .experiment(_, let name, _):
            try Self.check(experiments.count < Self.experimentLimit, "\(Self.experimentLimit) experiments")
            texts += name.utf8.count
        case .run(_, _, let name, _, let tags):
            try Self.check(runs.count < Self.runLimit, "\(Self.runLimit) runs")
            texts += tags.reduce(name.utf8.count) { $0 + Self.size($1.name, $1.value) }
        case .update(_, _, _, let name): texts += name?.utf8.count ?? 0
        case .log(let run, let samples, let parameters, let tags):
            let known = self.run(run)
            let names = Set(samples.map(\.name)).filter { known?.series[$0] == nil }
            try Self.check(
                seriesCount + names.count <= Self.seriesLimit, "\(Self.seriesLimit) names of metrics in all runs")
            texts += names.reduce(0) { $0 + Self.size($1, "") }
            texts += parameters.reduce(0) { $0 + Self.size($1.name, $1.value) }
            texts += tags.reduce(0) { sum, tag in
                sum + Self.size(tag.name, tag.value) - (known?.tags[tag.name].map { Self.size(tag.name, $0) } ?? 0)
            }
        case .model(let model):
            try Self.check(
                modelPlaces[model.id] != nil || models.count < Self.modelLimit, "\(Self.modelLimit) models")
            texts += model.size - (self.model(model.id)?.size ?? 0)
        case .deletion, .untag, .series: break
        }
        try Self.check(textSize + texts <= Self.textLimit, "\(Self.textLimit >> 20) MiB of names, parameters and tags")
    }

    private static func check(_ hasRoom: Bool, _ limit: String) throws(MLflowRefusal) {
        if !hasRoom { throw MLflowRefusal(.tooMuch, "Pawl keeps no more than \(limit) of an attempt.") }
    }

    fileprivate static func size(_ name: String, _ value: String) -> Int {
        name.utf8.count + value.utf8.count + textOverhead
    }

    // MARK: - Changes

    /// Makes a change. One that is about something unknown does nothing.
    public mutating func apply(_ change: Change) {
        switch change {
        case .experiment(let id, let name, let time):
            experiments.append(MLflowExperiment(id: id, name: name, time: time))
            textSize += name.utf8.count
        case .run(let id, let experiment, let name, let start, let tags):
            guard places[id] == nil else { return }
            places[id] = runs.count
            runs.append(MLflowRun(id: id, experiment: experiment, name: name, start: start))
            textSize += name.utf8.count
            for tag in tags { set(tag, of: runs.count - 1) }
        case .update(let run, let status, let end, let name):
            guard let place = places[run] else { return }
            if let status { runs[place].status = status }
            if let end { runs[place].end = end }
            if let name { rename(place, name) }
        case .deletion(let run, let isDeleted):
            guard let place = places[run] else { return }
            runs[place].isDeleted = isDeleted
        case .log(let run, let samples, let parameters, let tags):
            guard let place = places[run] else { return }
            for sample in samples { add(sample, to: place) }
            for parameter in parameters where runs[place].parameters[parameter.name] == nil {
                runs[place].parameters[parameter.name] = parameter.value
                textSize += Self.size(parameter.name, parameter.value)
            }
            for tag in tags { set(tag, of: place) }
        case .untag(let run, let tag):
            guard let place = places[run], let old = runs[place].tags.removeValue(forKey: tag) else { return }
            textSize -= Self.size(tag, old)
        case .series(let run, let name, let series):
            guard let place = places[run], runs[place].series[name] == nil else { return }
            runs[place].series[name] = series
            seriesCount += 1
            textSize += Self.size(name, "")
        case .model(let model):
            textSize += model.size - (self.model(model.id)?.size ?? 0)
            if let place = modelPlaces[model.id] {
                models[place] = model
            } else {
                modelPlaces[model.id] = models.count
                models.append(model)
            }
        }
    }

    private mutating func add(_ sample: MLflowSample, to place: Int) {
        if runs[place].series[sample.name] == nil {
            seriesCount += 1
            textSize += Self.size(sample.name, "")
        }
        runs[place].series[sample.name, default: MLflowSeries()].add(sample)
    }

    private mutating func set(_ tag: Parameter, of place: Int) {
        if let old = runs[place].tags[tag.name] { textSize -= Self.size(tag.name, old) }
        runs[place].tags[tag.name] = tag.value
        textSize += Self.size(tag.name, tag.value)
        if tag.name == MLflowRun.nameTag { rename(place, tag.value) }
    }

    private mutating func rename(_ place: Int, _ name: String) {
        textSize += name.utf8.count - runs[place].name.utf8.count
        runs[place].name = name
    }

    /// Changes that give this record from nothing.
    public var changes: [Change] {
        experiments.map { .experiment(id: $0.id, name: $0.name, time: $0.time) } + runs.flatMap(\.changes)
            + models.map { .model($0) }
    }
}

extension MLflowModel {
    /// How many bytes its texts take, roughly.
    fileprivate var size: Int {
        (parameters + tags).reduce(MLflowRecord.size(name, type)) { $0 + MLflowRecord.size($1.name, $1.value) }
    }
}

extension MLflowRun {
    /// Changes that give this run.
    fileprivate var changes: [MLflowRecord.Change] {
        func sorted(_ entries: [String: String]) -> [Parameter] {
            entries.sorted { $0.key < $1.key }.map { Parameter($0.key, $0.value) }
        }
        var changes: [MLflowRecord.Change] = [
            .run(id: id, experiment: experiment, name: name, start: start, tags: sorted(tags)),
            .log(run: id, samples: [], parameters: sorted(parameters), tags: []),
            .update(run: id, status: status, end: end, name: name),
            .deletion(run: id, isDeleted: isDeleted),
        ]
        changes += series.sorted { $0.key < $1.key }.map { .series(run: id, name: $0.key, series: $0.value) }
        return changes
    }
}
