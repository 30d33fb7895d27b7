import PipelineModel

extension MLflowAPI {
    func createRun(_ call: Call) throws(MLflowRefusal) -> Reply {
        let experiment = try experiment(called: call.fields.text("experiment_id") ?? "0", call)
        let tags = try Self.tags(call.fields)
        let given = call.fields.text("run_name") ?? tags.last { $0.name == MLflowRun.nameTag }?.value
        let name = try Self.name(given ?? "run-\(call.record.runs.count + 1)", "A run's name")
        let start = try call.fields.integer("start_time") ?? call.now
        // Not the call: it holds a copy of the record, which would be copied in full when it changes.
        let id = call.newID
        return Reply(
            .run(
                id: id, experiment: experiment.id, name: name, start: start,
                tags: tags.filter { $0.name != MLflowRun.nameTag } + [Parameter(MLflowRun.nameTag, name)])
        ) { record in
            .object(["run": record.run(id).map { describe($0) } ?? .nothing])
        }
    }

    func run(_ call: Call) throws(MLflowRefusal) -> Reply {
        let run = try call.run()
        return Reply { _ in .object(["run": describe(run)]) }
    }

    func updateRun(_ call: Call) throws(MLflowRefusal) -> Reply {
        let run = try call.run()
        var status: MLflowStatus?
        if let word = call.fields.text("status") {
            status = MLflowStatus(rawValue: word)
            guard status != nil else {
                throw MLflowRefusal(.invalidValue, "\(MLflowRefusal.shown(word)) is no status of a run.")
            }
        }
        var name: String?
        if let given = call.fields.text("run_name") { name = try Self.name(given, "A run's name") }
        let end = try call.fields.integer("end_time")
        return Reply(.update(run: run.id, status: status, end: end, name: name)) { record in
            .object(["run_info": record.run(run.id).map(info) ?? .nothing])
        }
    }

    func delete(_ call: Call, _ isDeleted: Bool) throws(MLflowRefusal) -> Reply {
        Reply(.deletion(run: try call.run().id, isDeleted: isDeleted)) { _ in .nothing }
    }

    func searchRuns(_ call: Call) throws(MLflowRefusal) -> Reply {
        let filter = try MLflowFilter(call.fields.text("filter"))
        let order = try MLflowOrder(call.fields.texts("order_by"))
        let experiments = Set(call.fields.texts("experiment_ids"))
        let view = call.fields.text("run_view_type") ?? "ACTIVE_ONLY"
        let found = call.record.runs.filter { run in
            experiments.contains(run.experiment) && (view == "ALL" || run.isDeleted == (view == "DELETED_ONLY"))
                && filter.holds(run.value(of:))
        }
        let (page, next) = try Self.page(order.sorted(found), call.fields, usual: 1_000)
        return Reply { _ in
            .object(["runs": .list(page.map(describe)), "next_page_token": .text(next ?? "")])
        }
    }

    /// The part of a list that a request asks for, and the token of the next one.
    static func page<Entry>(
        _ entries: [Entry], _ fields: MLflowFields, usual: Int64
    ) throws(MLflowRefusal) -> (page: [Entry], next: String?) {
        let count = Int(min(max(1, try fields.integer("max_results") ?? usual), 50_000))
        var first = 0
        if let token = fields.text("page_token") {
            guard let number = Int(token), number >= 0, number <= entries.count else {
                throw MLflowRefusal(.invalidValue, "page_token is none that was given out.")
            }
            first = number
        }
        let page = Array(entries[first...].prefix(count))
        let end = first + page.count
        return (page, end < entries.count ? "\(end)" : nil)
    }

    func describe(_ run: MLflowRun) -> MLflowValue {
        func pairs(_ entries: [String: String]) -> MLflowValue {
            .list(entries.sorted { $0.key < $1.key }.map { .object(["key": .text($0.key), "value": .text($0.value)]) })
        }
        let metrics = run.series.sorted { $0.key < $1.key }.compactMap { name, series in
            series.last.map { Self.describe($0, named: name) }
        }
        return .object([
            "info": info(run),
            "data": .object([
                "metrics": .list(metrics), "params": pairs(run.parameters), "tags": pairs(run.tags),
            ]),
            "inputs": .nothing,
        ])
    }

    static func describe(_ point: MLflowSeries.Point, named name: String) -> MLflowValue {
        .object([
            "key": .text(name), "value": .number(point.value.number), "timestamp": .integer(point.timestamp),
            "step": .integer(point.step),
        ])
    }

    private func info(_ run: MLflowRun) -> MLflowValue {
        .object([
            "run_id": .text(run.id), "run_uuid": .text(run.id), "run_name": .text(run.name),
            "experiment_id": .text(run.experiment), "status": .text(run.status.rawValue),
            "start_time": .integer(run.start), "end_time": run.end.map { .integer($0) } ?? .absent,
            "artifact_uri": .text("\(artifacts)/\(run.id)"),
            "lifecycle_stage": run.isDeleted ? "deleted" : "active",
            "user_id": .text(run.tags["mlflow.user"] ?? ""),
        ])
    }
}
