import PipelineModel

/// The body of a request for a container: every key that Pawl ever sends, and no way to add another.
///
/// What is not named here has the engine's default, which for namespaces, seccomp and devices is the closed one.
struct ContainerBody: Encodable, Sendable {
    /// What a root user in a container may still do. A build unpacks archives and installs packages, which changes
    /// owners and modes (`CHOWN`, `FOWNER`, `FSETID`, `DAC_OVERRIDE`); package managers and servers under test give up
    /// root (`SETUID`, `SETGID`), must be ended by the root that started them (`KILL`), and listen on low ports
    /// (`NET_BIND_SERVICE`). Of the engine's own default list this leaves out raw sockets, device nodes, chroot, file
    /// capabilities, changing one's own capabilities and writing to the kernel's audit log.
    static let addedCapabilities = [
        "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID",
    ]

    struct Mount: Encodable, Sendable {
        struct BindOptions: Encodable, Sendable { var propagation = "rprivate" }
        var type = "bind"
        var source: String
        var target: String
        var readOnly: Bool
        var bindOptions = BindOptions()
    }

    /// Devices that the engine's own driver brings in.
    struct DeviceRequest: Encodable, Sendable {
        var driver = "nvidia"
        var deviceIDs: [String]
        var capabilities = [["gpu"]]
    }

    struct LogConfig: Encodable, Sendable {
        var type: String
        var config: [String: String]
    }

    struct HostConfig: Encodable, Sendable {
        var networkMode: String
        var capDrop = ["ALL"]
        var capAdd = ContainerBody.addedCapabilities
        var securityOpt = ["no-new-privileges"]
        var privileged = false
        var ipcMode = "private"
        var cgroupnsMode = "private"
        var pidsLimit: Int
        var memory: Int64?
        var memorySwap: Int64?
        var nanoCpus: Int64?
        var shmSize: Int64
        var logConfig: LogConfig
        var autoRemove = false
        var `init`: Bool
        var mounts: [Mount]
        var deviceRequests: [DeviceRequest]?
        var restartPolicy = ["Name": "no"]
    }

    var image: String
    var user: String?
    var entrypoint: [String]?
    var cmd: [String]
    var env: [String]
    var workingDir: String
    var labels: [String: String]
    /// What asks a container to end: an image may name another signal, which a job's script would not know.
    var stopSignal = "SIGTERM"
    var attachStdin = false
    var attachStdout = true
    var attachStderr = true
    var openStdin = false
    var tty = false
    var hostConfig: HostConfig

    /// Builds the body for a specification.
    init(_ specification: ContainerSpecification, image: ImageReference, network: String, engine: DockerEngine.Version)
    {
        let limits = specification.limits
        self.image = image.description
        user = specification.user
        entrypoint = specification.entrypoint
        cmd = specification.command
        env = specification.environment.map { "\($0.name)=\($0.value)" } + [Self.visibleDevices(specification.gpus)]
        workingDir = specification.workingDirectory
        labels = specification.labels.asEngineLabels
        hostConfig = HostConfig(
            networkMode: network, pidsLimit: max(1, limits.pids), memory: limits.memory?.bytes,
            // Memory and swap together: the same number means no swap.
            memorySwap: limits.memory?.bytes,
            nanoCpus: limits.cpus.map { Int64(min(max($0, 0.01), 1_000_000) * 1e9) },
            shmSize: max(1, limits.shmSize.bytes), logConfig: OutputRecord.configuration(of: engine),
            init: engine.hasInit,
            mounts: specification.mounts.map {
                Mount(source: $0.source, target: $0.target, readOnly: $0.isReadOnly)
            },
            deviceRequests: specification.gpus.isEmpty || !specification.bringsDevices
                ? nil : [DeviceRequest(deviceIDs: specification.gpus)])
    }

    /// An engine whose own runtime is NVIDIA's goes by this variable, which images set to `all`: so it is always said.
    private static func visibleDevices(_ gpus: [String]) -> String {
        "NVIDIA_VISIBLE_DEVICES=" + (gpus.isEmpty ? "void" : gpus.joined(separator: ","))
    }
}

/// The engine's own record of a container's output, from which a run goes on after the engine was restarted.
enum OutputRecord {
    /// Up to how many bytes of output the record surely has from the first one on.
    static let completeUpTo: Int64 = 32 << 20

    /// The log driver and its bound. `local` keeps every byte, where `json-file` replaces what is not UTF-8; Podman does
    /// not have it.
    static func configuration(of engine: DockerEngine.Version) -> ContainerBody.LogConfig {
        if engine.isPodman { return .init(type: "json-file", config: ["max-size": "64m"]) }
        return .init(type: "local", config: ["max-size": "32m", "max-file": "2", "compress": "false"])
    }
}
