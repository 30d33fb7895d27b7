import PipelineModel

/// Everything an administrator decides, read once from the settings file and the environment.
///
/// Every key is listed in `SettingsKey`. An environment variable of the same name in capitals with `PAWL_` before it
/// wins over the file: `PAWL_SERVER_LISTEN` over `server.listen`.
struct Settings: Sendable {
    /// Where the server listens and keeps its data.
    var server: Server
    /// The forges it speaks with, by the name of their section.
    var forges: [Forge]
    /// The runner inside the server.
    var runner: Runner
    /// What one job may use at most.
    var limits: JobLimits
    /// A folder of data on the machine that jobs may read.
    struct Data: Sendable {
        /// The name that jobs ask for it by.
        var name: String
        /// The folder on the machine.
        var path: String
        /// Whether jobs of forks get it.
        var forks: Bool
    }

    /// How long things are kept.
    var retention: Retention
    /// Logins for container registries.
    var registries: [RegistryLogin]
    /// What time on machines costs; nil where no currency is named.
    var tariff: Tariff?

    /// Where the server listens and keeps its data.
    struct Server: Sendable {
        /// The host or address to listen on.
        var host: String
        /// The port; 0 takes a free one.
        var port: Int
        /// The address under which others reach it, without a slash at the end; nil leaves links out of statuses.
        var url: String?
        /// The files of its certificate chain and key; nil where it speaks plainly.
        var certificate: CertificateFiles?
        /// Addresses and ranges of proxies whose word is believed.
        var trustedProxies: [String]
        /// The folder with the database, logs, artifacts and mirrors.
        var data: String
        /// The least severe log line that is written: `debug`, `info`, `warning`, `error`.
        var logLevel: String
        /// How many jobs of a pipeline have a status of their own.
        var jobStatuses: Int
        /// The image of jobs that name none.
        var defaultImage: String?
        /// How long a runner that is not heard of keeps its jobs.
        var lease: Duration
        /// How long a job waits that no runner of the pool can ever take.
        var noRunnerTimeout: Duration
        /// Of how many jobs that are proved one runs all the same; 0 for none.
        var proofChecks: Int
    }

    /// Where a certificate is, with its key.
    struct CertificateFiles: Sendable {
        /// The chain, in PEM.
        var chain: String
        /// The private key, in PEM.
        var key: String
    }

    /// One forge.
    struct Forge: Sendable {
        /// The name of its section, as it stands in `/hooks/<forge>/<hook>`.
        var name: String
        /// What it speaks.
        var kind: Kind
        /// The base of its API; nil takes the kind's public one.
        var api: String?
        /// A token for its API.
        var token: Redacted?
        /// A GitHub App instead of a token.
        var app: App?
        /// A read-only login for clones, where it differs from the token.
        var clone: GitCredential?
        /// Whether that login also reads submodules on the repository's server.
        var clonesSubmodules: Bool
        /// Where a plain-Git forge's statuses go; nil for nowhere.
        var callback: String?
        /// Signs what goes there.
        var callbackSecret: Redacted?

        /// What a forge speaks.
        enum Kind: String, Sendable, CaseIterable { case github, gitlab, git }

        /// A GitHub App by id and key.
        struct App: Sendable {
            /// The App's id.
            var id: String
            /// Its private key in PEM.
            var privateKey: Redacted
        }
    }

    /// The runner inside the server.
    struct Runner: Sendable {
        /// Its name.
        var name: String
        /// How many jobs at once; 0 runs none here.
        var slots: Int
        /// What jobs may ask for by `tags`.
        var tags: [String]
        /// The Engine's socket.
        var dockerSocket: String
        /// Where job networks take their addresses from.
        var networkRange: String
        /// Whether jobs start although the fence around their networks does not stand.
        var allowsUnfenced: Bool
        /// Folders of the machine that jobs may be given by name.
        var mounts: [Mount]
        /// Data folders that jobs may ask for by name.
        var data: [Data]
        /// A file of GPUs that stands in for `nvidia-smi`.
        var declaredGPUs: String?
        /// Below this much free disk nothing new starts.
        var lowWater: ByteCount
        /// What one job may write to the disk at most; nil for as much as there is.
        var jobDisk: ByteCount?
        /// Whether jobs with `ml:` may log here with MLflow's API.
        var takesMLflow: Bool
        /// How long running jobs may go on after SIGTERM.
        var grace: Duration
    }

    /// A folder of the machine that the administrator gives to jobs of one environment of one repository.
    struct Mount: Sendable {
        /// The name of its section.
        var name: String
        /// The folder on the machine.
        var path: String
        /// Where jobs see it.
        var target: String
        /// Whether jobs may write to it.
        var isWritable: Bool
        /// The repository whose jobs get it.
        var repository: String
        /// The environment whose jobs get it; nil for every job, and then it must not be writable.
        var environment: String?
    }

    /// How long things are kept after a pipeline has ended.
    struct Retention: Sendable {
        /// Logs of attempts.
        var logs: Duration
        /// Artifacts whose job does not say.
        var artifacts: Duration
        /// The bodies of deliveries.
        var deliveries: Duration
        /// Images that no job has used.
        var images: Duration
        /// Mirrors that no job has used.
        var mirrors: Duration
    }
}
