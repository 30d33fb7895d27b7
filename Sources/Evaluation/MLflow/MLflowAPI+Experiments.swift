import PipelineModel

extension MLflowAPI {
    func experiment(_ call: Call) throws(MLflowRefusal) -> Reply {
        let found = try experiment(called: try call.fields.needed("experiment_id"), call)
        return Reply { _ in .object(["experiment": describe(found)]) }
    }

    func experimentByName(_ call: Call) throws(MLflowRefusal) -> Reply {
        let name = try call.fields.needed("experiment_name")
        guard let found = call.record.experiments.first(where: { $0.name == name }) else {
            throw MLflowRefusal(.unknown, "Could not find experiment with name \(MLflowRefusal.shown(name)).")
        }
        return Reply { _ in .object(["experiment": describe(found)]) }
    }

    func createExperiment(_ call: Call) throws(MLflowRefusal) -> Reply {
        let name = try Self.name(call.fields.needed("name"), "An experiment's name")
        guard !call.record.experiments.contains(where: { $0.name == name }) else {
            throw MLflowRefusal(.taken, "Experiment \(MLflowRefusal.shown(name)) already exists.")
        }
        let id = "\(call.record.experiments.count)"
        return Reply(.experiment(id: id, name: name, time: call.now)) { _ in .object(["experiment_id": .text(id)]) }
    }

    func searchExperiments(_ call: Call) throws(MLflowRefusal) -> Reply {
        let filter = try MLflowFilter(call.fields.text("filter"))
        let found = call.record.experiments.filter { filter.holds($0.value(of:)) }
        return Reply { _ in .object(["experiments": .list(found.map(describe))]) }
    }

    func tagExperiment(_ call: Call) throws(MLflowRefusal) -> Reply {
        _ = try experiment(called: try call.fields.needed("experiment_id"), call)
        return Reply { _ in .nothing }
    }

    /// The experiment of an id.
    func experiment(called id: String, _ call: Call) throws(MLflowRefusal) -> MLflowExperiment {
        guard let found = call.record.experiment(id) else {
            throw MLflowRefusal(.unknown, "No Experiment with id=\(MLflowRefusal.shown(id)) exists.")
        }
        return found
    }

    private func describe(_ experiment: MLflowExperiment) -> MLflowValue {
        .object([
            "experiment_id": .text(experiment.id), "name": .text(experiment.name),
            "artifact_location": .text(artifacts), "lifecycle_stage": "active",
            "creation_time": .integer(experiment.time), "last_update_time": .integer(experiment.time), "tags": [],
        ])
    }

    /// A name of a client's, within MLflow's own limit.
    static func name(_ text: String, _ what: String) throws(MLflowRefusal) -> String {
        guard text.count <= MetricReport.nameLimit else {
            throw MLflowRefusal(
                .invalidValue, "\(what) has at most \(MetricReport.nameLimit) characters: \(MLflowRefusal.shown(text))")
        }
        return text
    }

    /// A value of a client's, within MLflow's own limit.
    static func value(_ text: String?, of name: String, limit: Int) throws(MLflowRefusal) -> String {
        guard let text, text.utf8.count > limit else { return text ?? "" }
        throw MLflowRefusal(.invalidValue, "The value of \(MLflowRefusal.shown(name)) has more than \(limit) bytes.")
    }
}
