import PipelineModel

extension MLflowAPI {
    private static let states = ["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"]

    /// What a request about a logged model comes to; nil where there is no such call. Its files stay in the job's folder,
    /// where the client writes them; only its description is kept.
    func modelReply(_ method: String, _ call: Call) throws(MLflowRefusal) -> Reply? {
        let names = call.names.map(String.init)
        switch (method, names.count) {
        case ("POST", 0): return try createModel(call)
        case ("POST", 1) where names == ["search"]: return try searchModels(call)
        case ("GET", 1):
            let model = try model(names[0], call)
            return Reply { _ in .object(["model": describe(model)]) }
        case ("PATCH", 1):
            var model = try model(names[0], call)
            let state = try call.fields.needed("status")
            guard Self.states.contains(state) else {
                throw MLflowRefusal(.invalidValue, "\(MLflowRefusal.shown(state)) is no status of a logged model.")
            }
            model.status = state
            return kept(model)
        case ("PATCH", 2) where names[1] == "tags":
            var model = try model(names[0], call)
            let new = try Self.tags(call.fields)
            model.tags = model.tags.filter { old in !new.contains { $0.name == old.name } } + new
            return kept(model)
        case ("DELETE", 3) where names[1] == "tags":
            var model = try model(names[0], call)
            model.tags.removeAll { $0.name == names[2] }
            return kept(model)
        case ("POST", 2) where names[1] == "params":
            var model = try model(names[0], call)
            model.parameters += try Self.modelParameters(call.fields)
            return kept(model)
        default: return nil
        }
    }

    private func createModel(_ call: Call) throws(MLflowRefusal) -> Reply {
        let id = "m-" + call.newID
        return kept(
            MLflowModel(
                id: id, experiment: try experiment(called: try call.fields.needed("experiment_id"), call).id,
                name: try Self.name(call.fields.text("name") ?? id, "A model's name"),
                type: try Self.name(call.fields.text("model_type") ?? "", "A model's type"),
                run: try Self.name(call.fields.text("source_run_id") ?? "", "A run's id"), time: call.now,
                parameters: try Self.modelParameters(call.fields), tags: try Self.tags(call.fields)))
    }

    private func searchModels(_ call: Call) throws(MLflowRefusal) -> Reply {
        let filter = try MLflowFilter(call.fields.text("filter"))
        let experiments = Set(call.fields.texts("experiment_ids"))
        let found = call.record.models.filter { experiments.contains($0.experiment) && filter.holds($0.value(of:)) }
        let (page, next) = try Self.page(found, call.fields, usual: 100)
        return Reply { _ in
            .object(["models": .list(page.map(describe)), "next_page_token": .text(next ?? "")])
        }
    }

    private func kept(_ model: MLflowModel) -> Reply {
        Reply(.model(model)) { _ in .object(["model": describe(model)]) }
    }

    private func model(_ id: String, _ call: Call) throws(MLflowRefusal) -> MLflowModel {
        guard let model = call.record.model(id) else {
            throw MLflowRefusal(.unknown, "Logged model with ID \(MLflowRefusal.shown(id)) not found in this attempt.")
        }
        return model
    }

    private static func modelParameters(_ fields: MLflowFields) throws(MLflowRefusal) -> [Parameter] {
        var parameters: [Parameter] = []
        for entry in fields.objects("params") {
            let name = try name(try entry.needed("key"), "A parameter's name")
            parameters.append(Parameter(name, try value(entry.text("value"), of: name, limit: parameterLimit)))
        }
        return parameters
    }

    private func describe(_ model: MLflowModel) -> MLflowValue {
        func pairs(_ entries: [Parameter]) -> MLflowValue {
            .list(entries.map { .object(["key": .text($0.name), "value": .text($0.value)]) })
        }
        return .object([
            "info": .object([
                "model_id": .text(model.id), "experiment_id": .text(model.experiment), "name": .text(model.name),
                "creation_timestamp_ms": .integer(model.time), "last_updated_timestamp_ms": .integer(model.time),
                "artifact_uri": .text("\(artifacts)/models/\(model.id)/artifacts"), "status": .text(model.status),
                "model_type": .text(model.type), "source_run_id": .text(model.run), "tags": pairs(model.tags),
            ]),
            "data": .object(["params": pairs(model.parameters), "metrics": []]),
        ])
    }
}
