import PipelineModel
import Server

/// A job that does not run here, and why.
struct UnrunJob: Codable, Hashable, Sendable {
    /// The job's name.
    var job: String
    /// Why it does not run here, in words.
    var reason: String
    /// What to do instead, where something helps.
    var instead: String?
}

/// Which jobs of a plan run on this machine, and why the others do not.
///
/// Jobs that a person starts and jobs that deploy run only when they are named. With names, those jobs run and what
/// they need; nothing is deployed or started by hand because another job needs it.
struct ExecSelection: Sendable {
    /// The jobs that run, ready for a runner of this machine.
    private(set) var plan: Plan
    /// Jobs that are not wanted here.
    private(set) var leftOut: [UnrunJob] = []
    /// Jobs that are wanted and cannot run here.
    private(set) var cannotRun: [UnrunJob] = []

    private let whole: Plan
    private let names: Set<String>
    private let machine: RunnerInventory

    /// Chooses among the jobs of a plan.
    /// - Parameters:
    ///   - names: the jobs that a person named; none means all that run by themselves.
    ///   - defaultImage: the image of jobs that name none.
    ///   - ruledOut: jobs of the file that its rules leave out here.
    ///   - machine: what this machine has.
    /// - Throws: `CommandFailure.usage` for a name that cannot be run.
    init(
        of plan: Plan, names: [String], defaultImage: String?, ruledOut: [UnrunJob] = [],
        machine: RunnerInventory = .init()
    ) throws {
        whole = plan
        self.machine = machine
        self.plan = plan
        self.names = Set(names)
        try refuseUnknown(names, ruledOut: ruledOut)
        let wanted = try names.isEmpty ? offered() : needed()
        for job in plan.jobs where wanted.contains(job.name) && job.image == nil && defaultImage == nil {
            cannotRun.append(
                UnrunJob(job: job.name, reason: "names no image", instead: "pawl exec --image IMAGE"))
        }
        for job in plan.jobs where wanted.contains(job.name) && !cannotRun.contains(where: { $0.job == job.name }) {
            guard let unrun = lacking(job) else { continue }
            cannotRun.append(unrun)
        }
        if let named = cannotRun.first(where: { self.names.contains($0.job) }) {
            let instead = named.instead.map { ".  \($0) …" } ?? ""
            throw CommandFailure(.usage, "\(named.job.printable) \(named.reason.printable)\(instead)")
        }
        let chosen = withoutUnmet(wanted.subtracting(cannotRun.map(\.job)))
        if names.isEmpty { leftOut = ruledOut + leftOut }
        self.plan.jobs = plan.jobs.filter { chosen.contains($0.name) }.map { adapted($0, among: chosen) }
    }

    /// Whether a job runs without being named.
    private func isOffered(_ job: PlannedJob) -> Bool {
        names.contains(job.name) || (job.when != .manual && job.environment == nil)
    }

    private func refuseUnknown(_ names: [String], ruledOut: [UnrunJob]) throws {
        for name in names where whole.job(named: name) == nil {
            if let job = ruledOut.first(where: { $0.job == name }) {
                let instead = job.instead.map { ".  \($0) \(ShellWord.of(name))" } ?? ""
                throw CommandFailure(.usage, "\(name.printable) does not run here: \(job.reason.printable)\(instead)")
            }
            let known = whole.jobs.map(\.name)
            let guess = NearestName.of(name, among: known).map { " Did you mean \($0.printable)?" } ?? ""
            let list = known.map(\.printable).joined(separator: " ")
            throw CommandFailure(.usage, "\(name.printable): no such job.\(guess) There are: \(list)")
        }
    }

    /// Without names: what runs by itself.
    private mutating func offered() -> Set<String> {
        for job in whole.jobs where !isOffered(job) {
            leftOut.append(UnrunJob(job: job.name, reason: why(job), instead: "pawl exec \(ShellWord.of(job.name))"))
        }
        return Set(whole.jobs.filter(isOffered).map(\.name))
    }

    /// With names: those jobs, and all that they wait for.
    private func needed() throws -> Set<String> {
        let progress = PipelineProgress(plan: whole, standings: [:])
        var reached: Set<String> = []
        var open = whole.jobs.filter { names.contains($0.name) }
        while let job = open.popLast() {
            guard reached.insert(job.name).inserted else { continue }
            let optional = Set(job.needs?.filter(\.optional).map(\.job) ?? [])
            for earlier in progress.prerequisites(of: job).compactMap({ whole.job(named: $0) }) {
                if isOffered(earlier) {
                    open.append(earlier)
                } else if job.needs != nil && !optional.contains(earlier.name) {
                    throw CommandFailure(
                        .usage,
                        "\(job.name.printable) needs \(earlier.name.printable), which \(why(earlier)).  "
                            + "If it is to run, name it too: pawl exec \(ShellWord.of(earlier.name)) …")
                }
            }
        }
        return reached
    }

    /// Without the jobs that need one which does not run, until none is left.
    private mutating func withoutUnmet(_ wanted: Set<String>) -> Set<String> {
        var chosen = wanted
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for job in whole.jobs where chosen.contains(job.name) {
                guard let unmet = job.needs?.first(where: { !$0.optional && !chosen.contains($0.job) }) else {
                    continue
                }
                leftOut.append(UnrunJob(job: job.name, reason: "needs \(unmet.job), which does not run here"))
                chosen.remove(job.name)
                hasChanged = true
            }
        }
        return chosen
    }

    /// Why this machine can never run a job, where that is so. CPUs and memory are no reason: it gets what there is.
    private func lacking(_ job: PlannedJob) -> UnrunJob? {
        var needs = MachineNeeds(of: job)
        (needs.tags, needs.cpus, needs.memory) = ([], nil, nil)
        let here = RunnerOffer(name: "this machine", tags: [], slots: 1, inventory: machine)
        let demand = JobDemand(repository: RepositoryID(rawValue: 0), trust: .protected, needs: needs)
        switch here.obstacles(to: demand).first {
        case nil: return nil
        case .lacksData(let names):
            let options = names.map { "--data \($0)=FOLDER" }.joined(separator: " ")
            return UnrunJob(
                job: job.name, reason: "reads the data \(names.joined(separator: ", "))",
                instead: "pawl exec \(options)")
        case .noGPU?: return UnrunJob(job: job.name, reason: "needs a GPU, and this machine has none")
        case .some(let obstacle): return UnrunJob(job: job.name, reason: "cannot run here: \(obstacle.words)")
        }
    }

    private func why(_ job: PlannedJob) -> String {
        if let environment = job.environment { return "deploys to \(environment.name)" }
        return "is started by hand"
    }

    /// The job as it runs here: on this machine whatever its tags say, at once where a person named it.
    private func adapted(_ job: PlannedJob, among chosen: Set<String>) -> PlannedJob {
        var job = job
        job.tags = []
        if let has = machine.cpus, let wanted = job.ml?.cpus { job.ml?.cpus = min(wanted, has) }
        if let has = machine.memory, let wanted = job.ml?.memory { job.ml?.memory = min(wanted, has) }
        job.needs = job.needs?.filter { chosen.contains($0.job) }
        job.dependencies = job.dependencies?.filter(chosen.contains)
        if job.when == .manual {
            job.when = .onSuccess
            // Nobody has to start it, so it may fail; here somebody did, and asks how it ended.
            job.allowFailure = .never
        }
        if job.when == .delayed {
            job.when = .onSuccess
            job.startIn = nil
        }
        return job
    }
}

/// A word as a person has to type it in a shell.
enum ShellWord {
    static func of(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-/:".contains($0)) }
        if isPlain && !text.isEmpty && !text.hasPrefix("-") { return text }
        return "'" + text.printable.replacing("'", with: #"'\''"#) + "'"
    }
}
