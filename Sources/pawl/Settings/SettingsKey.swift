/// The settings file's keys, in one list: an unknown key is an error, and this is what it is compared with.
///
/// `<name>` stands for each name of the list that declares such sections: `forges`, `registries`, `mounts`,
/// `data-folders`, `gpu-prices`.
enum SettingsKey {
    /// Every key with what it means, in the order of the reference in the README.
    static let all: [(key: String, meaning: String)] = [
        ("server.listen", "host:port to listen on (127.0.0.1:8470)"),
        ("server.url", "the address others reach it under; statuses link to it"),
        ("server.tls-certificate", "file with the certificate chain in PEM; read anew when it changes"),
        ("server.tls-key", "file with its private key in PEM"),
        ("server.trusted-proxies", "addresses and ranges whose X-Forwarded-For is believed"),
        ("server.data", "folder of the database, logs, artifacts and mirrors"),
        ("server.log-level", "debug, info, warning or error (info)"),
        ("server.job-statuses", "how many jobs of a pipeline have a status of their own (30)"),
        ("server.default-image", "image of jobs that name none"),
        ("server.lease", "seconds after which jobs of a silent runner go to others, 10 at least (60)"),
        ("server.no-runner-timeout", "minutes after which a job ends that no runner can ever take (30)"),
        ("server.proof-checks", "of how many jobs that are proved one runs all the same, to check; 0 for none (25)"),
        ("forges", "names of the forge sections"),
        ("forge.<name>.kind", "github, gitlab or git"),
        ("forge.<name>.api", "base URL of the API, for GitHub Enterprise and your own GitLab"),
        ("forge.<name>.token-file", "file with a token for the API"),
        ("forge.<name>.app-id", "id of a GitHub App, instead of a token"),
        ("forge.<name>.app-key-file", "file with the App's private key in PEM"),
        ("forge.<name>.clone-user", "user name for clones, with clone-token-file"),
        ("forge.<name>.clone-token-file", "file with a read-only token for clones"),
        (
            "forge.<name>.clone-submodules",
            "whether that token also reads submodules on the same server: any that it can read (false)"
        ),
        ("forge.<name>.callback", "git only: URL that statuses are sent to as JSON"),
        ("forge.<name>.callback-secret-file", "git only: file with the secret that signs them"),
        ("runner.name", "the embedded runner's name (local)"),
        ("runner.slots", "how many jobs at once; 0 runs none here (the number of CPUs)"),
        ("runner.tags", "what jobs may ask for by tags"),
        ("runner.docker-socket", "the Engine's socket (/var/run/docker.sock)"),
        ("runner.network-range", "where job networks take their addresses from (10.213.0.0/16)"),
        ("runner.allow-unfenced", "start jobs though the fence does not stand (false; true where it is not root's)"),
        ("runner.declared-gpus", "JSON file of GPUs that stands in for nvidia-smi"),
        (
            "runner.low-water",
            "free disk below which nothing new starts; at half of it the job that wrote most ends (2GiB)"
        ),
        ("runner.job-disk", "what one job may write to the disk, its checkout among it (as much as there is)"),
        ("runner.mlflow", "whether jobs with ml: may log to the runner with MLflow's API (true)"),
        ("runner.grace", "seconds that running jobs may go on after SIGTERM (30)"),
        ("mounts", "names of the mount sections"),
        ("mount.<name>.path", "folder on this machine"),
        ("mount.<name>.target", "where jobs see it"),
        ("mount.<name>.writable", "whether jobs may write to it (false)"),
        ("mount.<name>.repository", "the repository whose jobs get it; never those of forks"),
        ("mount.<name>.environment", "the environment whose jobs on protected refs get it"),
        ("data-folders", "names of the data folders that jobs get with ml: data, read-only at /data/<name>"),
        ("data.<name>.path", "folder on this machine"),
        ("data.<name>.forks", "whether jobs of forks get it (false)"),
        ("registries", "names of the registry sections"),
        ("registry.<name>.host", "the registry as image names begin with it"),
        ("registry.<name>.user", "user name"),
        ("registry.<name>.password-file", "file with the password or token"),
        ("limits.cpus", "CPUs of one job; 0.5 is half of one"),
        ("limits.memory", "memory of one job, such as 8GiB"),
        ("limits.pids", "processes and threads of one job (512)"),
        ("limits.timeout", "minutes one job may take (60)"),
        ("limits.no-output-timeout", "minutes without output after which a job is ended (30)"),
        ("limits.log-size", "how much of a log is kept (16MiB)"),
        ("limits.shm-size", "size of /dev/shm (64MiB)"),
        ("limits.artifact-size", "all artifacts of one attempt (2GiB)"),
        (
            "tariff.currency",
            "currency of the prices below, such as EUR; what attempts cost is reckoned when it is there"
        ),
        ("tariff.gpu-hour", "an hour of a GPU whose model has no price of its own"),
        ("tariff.cpu-hour", "an hour of a processor at work"),
        ("tariff.kwh", "a kilowatt-hour of what GPUs took"),
        ("gpu-prices", "names of the sections with prices of GPU models; the first that fits is taken"),
        ("gpu-price.<name>.model", "what the model's name has in it, such as A100"),
        ("gpu-price.<name>.hour", "an hour of it"),
        ("retention.logs", "days that logs, and the curves that jobs report, are kept (90)"),
        ("retention.artifacts", "days that artifacts are kept where the job does not say (30)"),
        ("retention.deliveries", "days that the bodies of deliveries are kept (30)"),
        ("retention.images", "days that unused images are kept (14)"),
        ("retention.mirrors", "days that unused mirrors are kept (90)"),
    ]

    /// What stands beside `runner.…`, `mounts` and `data-folders` in the file of a runner on a machine of its own.
    static let ofMachine: [(key: String, meaning: String)] = [
        ("runner.server", "the server's address"),
        ("runner.state", "folder of the credential, mirrors and workspaces (/var/lib/pawl-runner)"),
        ("runner.log-level", "debug, info, warning or error (info)"),
    ]

    /// Every key of the file of a runner on a machine of its own.
    static var allOfMachine: [(key: String, meaning: String)] {
        let shared = ["runner.", "mount", "data", "retention.images", "retention.mirrors"]
        return ofMachine + all.filter { entry in shared.contains { entry.key.hasPrefix($0) } }
    }

    /// Notes every key of a file that is not one of a list.
    static func refuseUnknown(
        _ keys: [String], _ reader: SettingsReader, among all: [(key: String, meaning: String)]
    ) {
        var sections: [String: Set<String>] = [:]
        for (list, prefix) in sectionLists { sections[prefix] = Set(reader.list(list)) }
        for key in keys where !isKnown(key, sections: sections, among: all) {
            reader.problem("\(key) is not a setting.  pawl init --explain lists them all")
        }
    }

    /// The lists that declare sections, with the sections' prefix.
    static let sectionLists = [
        "forges": "forge", "registries": "registry", "mounts": "mount", "data-folders": "data",
        "gpu-prices": "gpu-price",
    ]

    /// Whether a key of the file is one of the list, given the declared section names by prefix.
    private static func isKnown(
        _ key: String, sections: [String: Set<String>], among all: [(key: String, meaning: String)]
    ) -> Bool {
        let parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 3, let names = sections[parts[0]] {
            guard names.contains(parts[1]) else { return false }
            return all.contains { $0.key == "\(parts[0]).<name>.\(parts[2])" }
        }
        return all.contains { $0.key == key }
    }
}
