import Executors
import GitRepositories
import Glibc
import JobLogs
import PipelineModel

/// What an assignment means on this runner: its variables, its image, its container.
struct AttemptPlan: Sendable {
    let assignment: Assignment
    let workspace: Workspace
    let limits: JobLimits
    let variables: JobVariables
    let script: JobScript
    let masker: SecretMasker
    /// The image's name, variables replaced; nil where there is none.
    let image: String?
    /// The token by which the job logs with MLflow's API; nil where it does not log here.
    let mlflowToken: String?
    private let settings: RunnerSettings
    private let instance: String

    /// - Parameter mlflowToken: a new token, for where the job logs with MLflow's API to this runner.
    init(
        _ assignment: Assignment, settings: RunnerSettings, folders: RunnerFolders, mlflowToken: String? = nil
    ) {
        self.assignment = assignment
        self.settings = settings
        instance = folders.instance
        let job = assignment.job
        let workspace = Workspace(
            folder: "\(folders.workspaces)/\(assignment.key.attempt)", repository: assignment.repository,
            artifactLimit: assignment.limits.artifactSize)
        self.workspace = workspace
        limits = Self.limits(of: assignment)
        let written = job.image?.name ?? settings.defaultImage
        var own = Self.ownVariables(workspace, settings)
        if assignment.checkpoint != nil, let path = job.ml?.checkpoint {
            own.append(Variable("PAWL_RESUME_FROM", path))
        }
        if let written { own.append(Variable("CI_JOB_IMAGE", written)) }
        if !assignment.gpus.isEmpty {
            let names = assignment.gpus.map(\.uuid).joined(separator: ",")
            own.append(Variable("PAWL_GPUS", names, expands: false))
        }
        if !assignment.variables.contains(where: { $0.name.hasPrefix("GIT_CONFIG_") }) {
            // The image's user need not be the one who laid the commit out, and git would refuse to work then.
            own += [("COUNT", "1"), ("KEY_0", "safe.directory"), ("VALUE_0", "*")].map {
                Variable("GIT_CONFIG_\($0)", $1, expands: false)
            }
        }
        let filesFolder = ScriptFolder.filesFolder(instance: folders.instance, attempt: assignment.key.attempt)
        variables = JobVariables(assignment, own: own, filesFolder: filesFolder)
        image = written.map(variables.expand).flatMap { $0.trimmingSpaces.isEmpty ? nil : $0.trimmingSpaces }
        script = JobScript(
            job: job, afterScriptTimeout: settings.afterScriptTimeout,
            filesFolder: variables.files.isEmpty ? nil : filesFolder)
        var hidden = assignment.secrets.map { (name: $0.name, value: $0.value.revealed) }
        if let credential = assignment.gitCredential {
            hidden.append(("the login for git", credential.password.revealed))
        }
        hidden += assignment.registryLogins.map { ("the login for \($0.registry)", $0.password.revealed) }
        let logsElsewhere = variables.all.contains { MLflowVariables.own.contains($0.name) }
        self.mlflowToken = settings.takesMLflow && job.ml != nil && !logsElsewhere ? mlflowToken : nil
        if let token = self.mlflowToken { hidden.append(("MLFLOW_TRACKING_TOKEN", token)) }
        masker = SecretMasker(hidden)
    }

    /// What the job may use. One that learns on GPUs and does not say how large its `/dev/shm` is gets half of its memory
    /// for it: loaders hand their batches over there, and the usual size ends them.
    private static func limits(of assignment: Assignment) -> JobLimits {
        var limits = assignment.limits.lowered(by: assignment.job)
        if !assignment.gpus.isEmpty, assignment.job.ml?.shmSize == nil,
            let memory = limits.memory ?? MachineFacts.memory
        {
            limits.shmSize = max(limits.shmSize, ByteCount(bytes: memory.bytes / 2))
        }
        return limits
    }

    /// What only the runner knows. It wins over variables of the same name.
    private static func ownVariables(_ workspace: Workspace, _ settings: RunnerSettings) -> [Variable] {
        let tags = settings.tags.map { "\"" + $0.filter { $0 != "\"" && $0 != "\\" } + "\"" }.joined(separator: ", ")
        let values = [
            ("CI_BUILDS_DIR", Workspace.buildsFolder), ("CI_PROJECT_DIR", workspace.target),
            ("CI_JOB_STATUS", "running"), ("CI_RUNNER_DESCRIPTION", settings.name), ("CI_RUNNER_TAGS", "[\(tags)]"),
            ("CI_RUNNER_VERSION", settings.version), ("CI_DISPOSABLE_ENVIRONMENT", "true"),
        ]
        return values.map { Variable($0, $1, expands: false) }
    }

    /// How the commit is laid out, by GitLab's variables; nil leaves the workspace empty.
    var checkoutOptions: CheckoutOptions? {
        if let strategy = variables["GIT_STRATEGY"], ["none", "empty"].contains(strategy) { return nil }
        var options = CheckoutOptions()
        if let written = variables["GIT_SUBMODULE_STRATEGY"], let known = CheckoutOptions.Submodules(rawValue: written)
        {
            options.submodules = known
        }
        if let skipped = variables["GIT_LFS_SKIP_SMUDGE"], skipped == "1" || skipped == "true" {
            options.fetchesLargeFiles = false
        }
        return options
    }

    /// All that is laid out of the commit, as patterns; nil for a job that sees the whole of it.
    var inputs: [String]? {
        assignment.job.hasInputs ? assignment.job.ml?.inputs.map(relativeGlob) : nil
    }

    /// The container, with the mirror's objects in the place where the checkout looks for them.
    /// - Throws: `RunnerError` where the job asks for data that it does not get here.
    func container(image: String, scripts: ScriptFolder, mirror: Mirror?) throws -> ContainerSpecification {
        var mounts = [
            ContainerSpecification.Mount(source: workspace.project, target: workspace.target, isReadOnly: false),
            ContainerSpecification.Mount(source: scripts.path, target: ScriptFolder.target, isReadOnly: true),
        ]
        if let mirror, inputs == nil {
            let objects = mirror.path + "/objects"
            mounts.append(ContainerSpecification.Mount(source: objects, target: objects, isReadOnly: true))
        }
        let environment = assignment.job.environment.map { variables.expand($0.name) }
        for given in settings.mounts where isGiven(given, in: environment) {
            mounts.append(
                ContainerSpecification.Mount(
                    source: given.path, target: given.target, isReadOnly: !given.isWritable))
        }
        mounts += try dataMounts()
        let entrypoint = assignment.job.image?.entrypoint
        var specification = ContainerSpecification(
            labels: ContainerLabels(instance: instance, key: assignment.key), image: image,
            command: scripts.command(after: entrypoint), workingDirectory: workspace.target, limits: limits,
            entrypoint: entrypoint, mounts: mounts,
            pullPolicies: pullPolicies(of: image), registryLogins: assignment.registryLogins,
            gpus: assignment.gpus.map(\.uuid), bringsDevices: settings.bringsDevices)
        specification.user = assignment.job.image?.user
        specification.platform = assignment.job.image?.platform
        return specification
    }

    /// The data folders that the job asks for, which it cannot write to. The queue hands such a job only to a runner that
    /// offers them; settings may have changed since.
    private func dataMounts() throws -> [ContainerSpecification.Mount] {
        try (assignment.job.ml?.data ?? []).map { name in
            guard let folder = settings.data[name], DataName.isValid(name), access(folder.path, F_OK) == 0 else {
                throw RunnerError(.folder, message: "This runner does not have the data \(name) any more.")
            }
            guard folder.forks || assignment.trust != .fork else {
                throw RunnerError(.forbidden, message: "The data \(name) is not for commits of forks.")
            }
            return ContainerSpecification.Mount(
                source: folder.path, target: DataName.target(of: name), isReadOnly: true)
        }
    }

    /// Whether a folder of the machine is for this job: never for a fork's, and one that belongs to an environment only
    /// for a protected ref's, since anybody who may push can name the environment.
    private func isGiven(_ mount: RunnerSettings.GivenMount, in environment: String?) -> Bool {
        guard mount.repository == assignment.repository.name else { return false }
        switch assignment.trust {
        case .fork: return false
        case .branch: return mount.environment == nil
        case .protected: return mount.environment == nil || mount.environment == environment
        }
    }

    /// When the image is pulled: as the file asks, but always from a registry whose login it does not get, which then
    /// says whether anybody may have it.
    private func pullPolicies(of image: String) -> [PlannedJob.PullPolicy] {
        if ImageRegistry.isOne(of: assignment.closedRegistries, for: image) { return [.always] }
        return assignment.job.image?.pullPolicy ?? [.ifNotPresent]
    }

    /// What the job saves of its work, as the pipeline file has it with its variables replaced; nil where it saves
    /// nothing, or what is no path within the checkout.
    var checkpointPath: String? {
        guard let path = assignment.job.ml?.checkpoint.map(variables.expand) else { return nil }
        let parts = relativeGlob(path).split(separator: "/", omittingEmptySubsequences: false)
        let isWithin = parts.first != "" && !parts.contains("..") && parts.contains { $0 != "." && $0 != "" }
        return isWithin ? path : nil
    }

    /// A glob of the pipeline file with its variables replaced, relative to the checkout.
    func relativeGlob(_ written: String) -> String {
        let expanded = variables.expand(written)
        let root = workspace.target + "/"
        return expanded.hasPrefix(root) ? String(expanded.dropFirst(root.count)) : expanded
    }

    /// A text without the attempt's secrets.
    func masked(_ text: String) -> String {
        var masker = masker
        return String(decoding: masker.push(Array(text.utf8)) + masker.finish(), as: UTF8.self)
    }
}
