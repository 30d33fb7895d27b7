import Executors
import PipelineModel
import Runner
import Store

extension Settings.Retention {
    /// What the store keeps.
    var ofStore: Retention { Retention(logs: logs, deliveryBodies: deliveries) }
}

extension Settings.Runner {
    /// Where the networks of jobs are cut from.
    /// - Throws: `SettingsError` where that is no range.
    func networks() throws -> IPv4Range {
        guard let range = IPv4Range(networkRange) else {
            throw SettingsError(
                problems: ["runner.network-range is \"\(networkRange)\".  Write a range such as 10.213.0.0/16"])
        }
        return range
    }

    /// What a runner with that state folder is made of.
    func ofRunner(in stateFolder: String, defaultImage: String?, faults: FaultInjector) -> RunnerSettings {
        var settings = RunnerSettings(name: name, stateFolder: stateFolder)
        settings.tags = tags
        settings.slots = slots
        settings.version = Version.text
        settings.defaultImage = defaultImage
        settings.lowWater = lowWater
        settings.jobDisk = jobDisk
        settings.grace = grace
        settings.takesMLflow = takesMLflow
        settings.mounts = mounts.map {
            .init(
                path: $0.path, target: $0.target, isWritable: $0.isWritable, repository: $0.repository,
                environment: $0.environment)
        }
        settings.data = Dictionary(
            data.map { ($0.name, .init(path: $0.path, forks: $0.forks)) }, uniquingKeysWith: { first, _ in first })
        settings.bringsDevices = declaredGPUs == nil
        settings.faults = faults
        return settings
    }
}
