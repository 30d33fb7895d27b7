import PipelineModel
import Runner
import Store

extension Settings.Retention {
    /// What the store keeps.
    var ofStore: Retention { Retention(logs: logs, deliveryBodies: deliveries) }
}

extension Settings.Runner {
    /// What the embedded runner is made of.
    func ofRunner(in folder: DataFolder, defaultImage: String?, faults: FaultInjector) -> RunnerSettings {
        var settings = RunnerSettings(name: name, stateFolder: folder.runner)
        settings.tags = tags
        settings.slots = slots
        settings.version = Version.text
        settings.defaultImage = defaultImage
        settings.lowWater = lowWater
        settings.grace = grace
        settings.mounts = mounts.map {
            .init(
                path: $0.path, target: $0.target, isWritable: $0.isWritable, repository: $0.repository,
                environment: $0.environment)
        }
        settings.faults = faults
        return settings
    }
}
