import PipelineModel

extension MLflowAPI {
    /// How many bytes a parameter's value has at most, and a tag's.
    static let parameterLimit = 6_000
    private static let tagLimit = 8_000
    /// How much a batch has at most, as in MLflow.
    private static let batchLimit = 1_000

    func logMetric(_ call: Call) throws(MLflowRefusal) -> Reply {
        log(to: try call.run(), samples: [try Self.sample(call.fields, call.now)])
    }

    func logParameter(_ call: Call) throws(MLflowRefusal) -> Reply {
        let run = try call.run()
        return log(to: run, parameters: try Self.parameters([call.fields], of: run))
    }

    func setTag(_ call: Call) throws(MLflowRefusal) -> Reply {
        log(to: try call.run(), tags: [try Self.tag(call.fields)])
    }

    func deleteTag(_ call: Call) throws(MLflowRefusal) -> Reply {
        let run = try call.run()
        let name = try call.fields.needed("key")
        guard run.tags[name] != nil else {
            throw MLflowRefusal(.unknown, "No tag with name: \(MLflowRefusal.shown(name)).")
        }
        return Reply(.untag(run: run.id, tag: name)) { _ in .nothing }
    }

    func logBatch(_ call: Call) throws(MLflowRefusal) -> Reply {
        let run = try call.run()
        let (metrics, params) = (call.fields.objects("metrics"), call.fields.objects("params"))
        let tags = try Self.tags(call.fields)
        guard metrics.count + params.count + tags.count <= Self.batchLimit else {
            throw MLflowRefusal(
                .invalidValue,
                "A batch logging request can contain at most \(Self.batchLimit) metrics, params and tags.")
        }
        var samples: [MLflowSample] = []
        for fields in metrics { samples.append(try Self.sample(fields, call.now)) }
        return log(to: run, samples: samples, parameters: try Self.parameters(params, of: run), tags: tags)
    }

    /// Takes what nothing comes of, of a run that is there.
    func drop(_ call: Call) throws(MLflowRefusal) -> Reply {
        _ = try call.run()
        return Reply { _ in .nothing }
    }

    func history(_ call: Call) throws(MLflowRefusal) -> Reply {
        let run = try call.run()
        let name = try call.fields.needed("metric_key")
        let (page, next) = try Self.page(run.series[name]?.all ?? [], call.fields, usual: 25_000)
        return Reply { _ in
            .object([
                "metrics": .list(page.map { Self.describe($0, named: name) }), "next_page_token": .text(next ?? ""),
            ])
        }
    }

    private func log(
        to run: MLflowRun, samples: [MLflowSample] = [], parameters: [Parameter] = [], tags: [Parameter] = []
    ) -> Reply {
        Reply(.log(run: run.id, samples: samples, parameters: parameters, tags: tags)) { _ in .nothing }
    }

    // MARK: - Fields

    private static func sample(_ fields: MLflowFields, _ now: Int64) throws(MLflowRefusal) -> MLflowSample {
        MLflowSample(
            name: try name(try fields.needed("key"), "A metric's name"),
            value: MetricValue(try fields.number("value")), timestamp: try fields.integer("timestamp") ?? now,
            step: try fields.integer("step") ?? 0)
    }

    /// Parameters that are new; one that the run has with another value is refused, as MLflow does.
    private static func parameters(_ list: [MLflowFields], of run: MLflowRun) throws(MLflowRefusal) -> [Parameter] {
        var known = run.parameters
        var new: [Parameter] = []
        for fields in list {
            let name = try name(try fields.needed("key"), "A parameter's name")
            let value = try value(fields.text("value"), of: name, limit: parameterLimit)
            if let old = known[name] {
                if old == value { continue }
                throw MLflowRefusal(
                    .invalidValue,
                    "Changing param values is not allowed. Param with key=\(MLflowRefusal.shown(name)) was already logged "
                        + "with value=\(MLflowRefusal.shown(old)). Attempted logging new value "
                        + "\(MLflowRefusal.shown(value)).")
            }
            known[name] = value
            new.append(Parameter(name, value))
        }
        return new
    }

    /// The tags of a list; of two with one name the last.
    static func tags(_ fields: MLflowFields) throws(MLflowRefusal) -> [Parameter] {
        var list = ParameterPlaces()
        for entry in fields.objects("tags") { list.set(try tag(entry)) }
        return list.parameters
    }

    private static func tag(_ fields: MLflowFields) throws(MLflowRefusal) -> Parameter {
        let name = try name(try fields.needed("key"), "A tag's name")
        return Parameter(name, try value(fields.text("value"), of: name, limit: tagLimit))
    }
}

/// Parameters by name, in the order in which each came first; the last value of a name counts.
private struct ParameterPlaces {
    private(set) var parameters: [Parameter] = []
    private var places: [String: Int] = [:]

    mutating func set(_ parameter: Parameter) {
        if let place = places[parameter.name] {
            parameters[place] = parameter
        } else {
            places[parameter.name] = parameters.count
            parameters.append(parameter)
        }
    }
}
