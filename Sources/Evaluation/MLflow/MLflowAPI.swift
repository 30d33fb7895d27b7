import PipelineModel

/// The tracking part of MLflow's REST API, for the jobs of one attempt. It says what a request changes and what is
/// answered once the change is kept; nothing is kept here.
///
/// Calls, fields and codes are those of `service.proto` of mlflow/mlflow, as its client 2 and 3 makes them. Dataset inputs,
/// model outputs and tags of experiments are taken and dropped: nothing that is judged or shown comes of them.
public struct MLflowAPI: Sendable {
    /// Where the job finds its artifacts: a folder of the job's own, so that its client writes there itself.
    let artifacts: String
    /// The name of the experiment that is there from the beginning.
    let experiment: String

    /// Answers for an attempt.
    /// - Parameters:
    ///   - artifactFolder: a folder as the job sees it, such as `/builds/ml/churn/mlartifacts`.
    ///   - experiment: the experiment that the job's runs are of, where it names no other.
    public init(artifactFolder: String, experiment: String) {
        artifacts = "file://" + artifactFolder
        self.experiment = experiment
    }

    /// What a request comes to.
    public struct Reply: Sendable {
        /// What is to be kept before the answer is given; nil for nothing.
        public var change: MLflowRecord.Change?
        private let words: @Sendable (MLflowRecord) -> MLflowValue

        init(_ change: MLflowRecord.Change? = nil, _ words: @escaping @Sendable (MLflowRecord) -> MLflowValue) {
            self.change = change
            self.words = words
        }

        /// The answer's body.
        /// - Parameter record: the record with the change.
        public func body(_ record: MLflowRecord) -> [UInt8] { words(record).bytes }
    }

    /// What a request is worked on with.
    struct Call {
        let fields: MLflowFields
        let record: MLflowRecord
        /// The time, in milliseconds since 1970.
        let now: Int64
        /// 32 hexadecimal digits that nothing else has.
        let newID: String
        /// What the path has beside the call's words.
        var names: [Substring] = []

        /// The run that a request is about.
        func run() throws(MLflowRefusal) -> MLflowRun {
            guard let id = fields.text("run_id") ?? fields.text("run_uuid") else {
                throw MLflowRefusal(.invalidValue, "Missing value for required parameter 'run_id'.")
            }
            guard let run = record.run(id) else {
                throw MLflowRefusal(.unknown, "Run with id=\(MLflowRefusal.shown(id)) not found in this attempt.")
            }
            return run
        }
    }

    /// The experiments that are there before anything is logged: MLflow's default and the job's own.
    /// - Parameter now: the time.
    public func beginning(at now: Timestamp) -> [MLflowRecord.Change] {
        ["Default", experiment].enumerated().map {
            .experiment(id: "\($0.offset)", name: $0.element, time: now.milliseconds)
        }
    }

    /// Says what a request comes to.
    /// - Parameter newID: 32 hexadecimal digits that nothing else has.
    public func reply(
        to request: MLflowRequest, on record: MLflowRecord, at now: Timestamp, newID: String
    ) throws(MLflowRefusal) -> Reply {
        let path = request.path.split(separator: "/")
        // What its pages call is the same under another name.
        guard path.count > 3, ["api", "ajax-api"].contains(path[0]), path[1] == "2.0", path[2] == "mlflow" else {
            throw Self.noSuchCall(request)
        }
        let words = path.dropFirst(3)
        let key = "\(request.method) \(words.joined(separator: "/"))"
        if words.first == "logged-models" {
            var call = Call(fields: try MLflowFields(request), record: record, now: now.milliseconds, newID: newID)
            call.names = Array(words.dropFirst())
            guard let reply = try modelReply(request.method, call) else { throw Self.noSuchCall(request) }
            return try withRoom(reply, record)
        }
        guard let answer = Self.answers[key] else { throw Self.noSuchCall(request) }
        let call = Call(fields: try MLflowFields(request), record: record, now: now.milliseconds, newID: newID)
        return try withRoom(try answer(self, call), record)
    }

    private func withRoom(_ reply: Reply, _ record: MLflowRecord) throws(MLflowRefusal) -> Reply {
        if let change = reply.change { try record.checkRoom(for: change) }
        return reply
    }

    private static func noSuchCall(_ request: MLflowRequest) -> MLflowRefusal {
        MLflowRefusal(
            .noSuchCall,
            "\(MLflowRefusal.shown("\(request.method) \(request.path)")) is not answered here. Pawl takes what a job logs: "
                + "experiments, runs, metrics, parameters, tags and logged models. Name a server of your own in "
                + "MLFLOW_TRACKING_URI for the rest.")
    }

    private typealias Answer = @Sendable (MLflowAPI, Call) throws(MLflowRefusal) -> Reply

    private static let answers: [String: Answer] = [
        "GET experiments/get": { api, call throws(MLflowRefusal) in try api.experiment(call) },
        "GET experiments/get-by-name": { api, call throws(MLflowRefusal) in try api.experimentByName(call) },
        "POST experiments/create": { api, call throws(MLflowRefusal) in try api.createExperiment(call) },
        "GET experiments/search": { api, call throws(MLflowRefusal) in try api.searchExperiments(call) },
        "POST experiments/search": { api, call throws(MLflowRefusal) in try api.searchExperiments(call) },
        "POST experiments/set-experiment-tag": { api, call throws(MLflowRefusal) in try api.tagExperiment(call) },
        "POST runs/create": { api, call throws(MLflowRefusal) in try api.createRun(call) },
        "GET runs/get": { api, call throws(MLflowRefusal) in try api.run(call) },
        "POST runs/update": { api, call throws(MLflowRefusal) in try api.updateRun(call) },
        "POST runs/delete": { api, call throws(MLflowRefusal) in try api.delete(call, true) },
        "POST runs/restore": { api, call throws(MLflowRefusal) in try api.delete(call, false) },
        "POST runs/search": { api, call throws(MLflowRefusal) in try api.searchRuns(call) },
        "POST runs/log-metric": { api, call throws(MLflowRefusal) in try api.logMetric(call) },
        "POST runs/log-parameter": { api, call throws(MLflowRefusal) in try api.logParameter(call) },
        "POST runs/log-batch": { api, call throws(MLflowRefusal) in try api.logBatch(call) },
        "POST runs/set-tag": { api, call throws(MLflowRefusal) in try api.setTag(call) },
        "POST runs/delete-tag": { api, call throws(MLflowRefusal) in try api.deleteTag(call) },
        "POST runs/log-inputs": { api, call throws(MLflowRefusal) in try api.drop(call) },
        "POST runs/outputs": { api, call throws(MLflowRefusal) in try api.drop(call) },
        "POST runs/log-model": { api, call throws(MLflowRefusal) in try api.drop(call) },
        "GET metrics/get-history": { api, call throws(MLflowRefusal) in try api.history(call) },
    ]
}
