import PipelineModel

extension ContainerLabels {
    /// The labels as the engine keeps them.
    var asEngineLabels: [String: String] {
        [
            "pawl.instance": instance, "pawl.job": String(key.job.rawValue),
            "pawl.attempt": String(key.attempt.rawValue), "pawl.epoch": String(key.epoch),
        ]
    }

    /// Reads the labels back; nil where they are not Pawl's.
    init?(_ labels: [String: String]) {
        guard let instance = labels["pawl.instance"], let job = labels["pawl.job"].flatMap({ Int64($0) }),
            let attempt = labels["pawl.attempt"].flatMap({ Int64($0) }),
            let epoch = labels["pawl.epoch"].flatMap({ Int64($0) })
        else { return nil }
        self.init(
            instance: instance,
            key: LeaseKey(job: JobID(rawValue: job), attempt: AttemptID(rawValue: attempt), epoch: epoch))
    }

    /// A name for the container and the network, the same for the same lease, so that what an interrupted call made is
    /// found again.
    var engineName: String {
        let plain = instance.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "-" }.prefix(40)
        return "pawl-\(String(plain))-\(key.job)-\(key.attempt)-\(key.epoch)"
    }
}
