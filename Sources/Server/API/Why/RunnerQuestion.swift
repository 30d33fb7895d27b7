import PipelineModel
import Store

/// Works out why no runner has a job that is ready: which can never take it, and what keeps the others. Pure.
struct RunnerQuestion: Sendable {
    let demand: JobDemand
    let pool: [PoolMember]
    let before: [QueuedJob]
    let waitsForTurn: Bool
    let now: Timestamp

    private var fits: [RunnerFit] { pool.map { RunnerFit(member: $0, demand: demand, now: now) } }

    /// Whether any runner can take the job as both are.
    var hasFitting: Bool { fits.contains { !$0.isNever } }

    /// The answer, in a sentence without the state.
    var answer: String {
        let fits = fits
        if pool.isEmpty { return "there is no runner." }
        guard hasFitting else {
            let needs = demand.needs
            let tagsAlone = needs == MachineNeeds(tags: needs.tags) && !needs.tags.isEmpty
            let lacking = fits.allSatisfy { fit in
                fit.obstacles.contains { if case .lacksTags = $0 { true } else { false } }
            }
            return tagsAlone && lacking ? "no runner has the tags it asks for." : "no runner can ever take it."
        }
        let there = fits.filter { !$0.isNever && $0.isThere }
        if there.isEmpty { return "no runner that may take it is there." }
        let gpus = demand.needs.gpus
        guard gpus > 0, !there.contains(where: \.hasGPUs) else {
            return "for a runner: all that may take it are busy."
        }
        return gpus == 1
            ? "it needs \(demand.needs.gpuWords), and no runner has one free."
            : "it needs \(demand.needs.gpuWords) on one runner, and no runner has \(gpus) free."
    }

    /// The evidence: what it asks for, each runner, what goes before it.
    var facts: [WhyView.Fact] {
        var facts: [WhyView.Fact] = []
        if !demand.words.isEmpty { facts.append(.init(about: "asks for", text: demand.words)) }
        let names = columns(pool.map(\.runner.name))
        let machines = columns(pool.map(\.runner.machineText))
        for (index, fit) in fits.enumerated() {
            facts.append(
                .init(
                    about: index == 0 ? "runners" : "",
                    text: "\(names[index])  \(machines[index])  \(fit.words)"))
        }
        guard hasFitting, !waitsForTurn else { return facts }
        for (index, job) in before.enumerated() {
            let why = job.hasHigherPriority ? ", higher priority" : ""
            facts.append(
                .init(
                    about: index == 0 ? "before it" : "",
                    text: "\(job.repository)  \(job.pipeline)/\(job.name)\(why), for \((now - job.since).text)"))
        }
        return facts
    }

    /// What would help, as commands.
    var helps: [HelpView] {
        var helps: [HelpView] = []
        for fit in fits where !fit.isNever {
            let runner = fit.member.runner
            if demand.needs.gpus > 0, runner.gpus.contains(where: { $0.setAside != nil }) {
                helps.append(HelpView("pawl runner check \(runner.name)", "test the cards that were set aside"))
            }
            if runner.isPaused { helps.append(HelpView("pawl runner resume \(runner.name)", "it takes jobs again")) }
        }
        if demand.needs.gpus > 1, let most = fits.filter({ !$0.isNever }).map(\.freeGPUs).max(), most > 0 {
            helps.append(HelpView("ml: {gpus: \(most)}", "so many are free now on one runner"))
        }
        guard !hasFitting else { return helps.isEmpty ? [HelpView("pawl list", "what runs before it")] : helps }
        if pool.isEmpty { return [HelpView("pawl runner token", "lets a machine join")] }
        let tagFits = fits.first { fit in
            fit.obstacles.allSatisfy { if case .lacksTags = $0 { true } else { false } }
        }
        if let tagFits, !tagFits.member.runner.isEmbedded {
            let runner = tagFits.member.runner
            let tags = Set(runner.offer.tags + demand.needs.tags).sorted().joined(separator: ",")
            return [HelpView("pawl runner edit \(runner.name) --tags \(tags)", "or change the job")]
        }
        return [
            HelpView("pawl runner list", "what the runners offer"), HelpView("pawl runner token", "lets another join"),
        ]
    }

    /// Texts, each as wide as the widest.
    private func columns(_ texts: [String]) -> [String] {
        let width = texts.map(\.count).max() ?? 0
        return texts.map { $0 + String(repeating: " ", count: width - $0.count) }
    }
}
