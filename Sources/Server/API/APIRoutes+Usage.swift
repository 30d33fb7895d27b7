import Hummingbird
import PipelineModel
import Store

extension APIRoutes {
    /// What repositories used in a month: the running one where none is named.
    func usage(_ call: APICall) async throws -> Response {
        let running = Month(of: call.now)
        var month = running
        if let text = call.query("month") {
            guard let named = Month(text) else {
                throw APIRefusal(.invalid, "\"\(text.prefix(40))\" is not a month: write \(running)")
            }
            month = named
        }
        let repositories: [StoredRepository]
        if let name = call.query("repository") {
            repositories = [try await call.repository(name)]
        } else {
            repositories = try await call.store.repositories()
        }
        let used = try await call.store.usage(in: month)
        var views: [UsageView] = []
        for repository in repositories {
            let standing =
                month == running ? try await call.store.gpuBudget(of: repository.id, now: call.now) : nil
            views.append(
                UsageView(repository, used[repository.id] ?? MonthlyUsage(month: month), standing: standing))
        }
        return try .json(UsageListView(month: month, repositories: views))
    }
}

extension RepositoryChange {
    /// Changes what GPU time a repository may have, and says so for the record.
    /// - Returns: what was allowed beyond the budget, for the audit; nil where nothing was.
    func applyGPUHours(
        to settings: inout RepositorySettings, of repository: String, by: String, now: Timestamp
    ) throws -> String? {
        let range = 0.0...1_000_000.0
        if let hours = gpuHours {
            guard range.contains(hours) else {
                throw APIRefusal(.invalid, "a month's GPU-hours are a number from 0 to 1000000")
            }
            settings.gpuHourBudget = hours
        }
        if removesGPUHours == true {
            settings.gpuHourBudget = nil
            settings.gpuHourOverride = nil
        }
        guard let hours = gpuHoursOverride else { return nil }
        let reason = (reason ?? "").trimmingSpaces
        guard range.contains(hours) else {
            throw APIRefusal(.invalid, "GPU-hours beyond the budget are a number from 0 to 1000000")
        }
        guard !reason.isEmpty, reason.count <= 300, !reason.contains(where: \.isNewline) else {
            throw APIRefusal(
                .invalid, "more than the budget needs a reason of 1 to 300 characters, which stays on record: --reason")
        }
        guard settings.gpuHourBudget != nil else {
            throw APIRefusal(
                .refused, "\(repository) has no budget to go beyond.  pawl repo set \(repository) --gpu-hours 80")
        }
        let month = Month(of: now)
        settings.gpuHourOverride = .init(month: month, hours: hours, reason: reason, by: by)
        return "\(GPUTime.text(ofHours: hours)) GPU-hours beyond the budget in \(month): \(reason)"
    }
}
