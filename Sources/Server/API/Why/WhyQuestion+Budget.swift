import PipelineModel
import Store

extension WhyQuestion {
    /// The answer for a job that gets no GPU because its repository has had its GPU time for this month; nil for any
    /// other.
    func spentBudget(_ planned: PlannedJob?) -> (answer: String, facts: [WhyView.Fact], helps: [HelpView])? {
        guard let budget, budget.isSpent, let limit = budget.budget, planned?.ml?.gpus ?? 0 > 0 else { return nil }
        let name = detail.repository.reference.name
        let allowed = GPUTime.text(ofHours: limit)
        let more =
            budget.override > 0 ? ", and \(GPUTime.text(ofHours: budget.override)) beyond it" : ""
        return (
            "\(name) has used its GPU-hours of \(budget.month), and no GPU job of it begins before "
                + "\(budget.month.next)-01 (UTC).",
            [
                .init(
                    about: "spent",
                    text:
                        "\(GPUTime.text(ofHours: budget.spent)) of \(allowed) GPU-hours\(more), those under way among them"
                )
            ],
            [
                HelpView("pawl repo set \(name) --gpu-hours-override 10 --reason \"…\"", "10 more, this month only"),
                HelpView("pawl usage \(name)", "what it was spent on"),
            ]
        )
    }
}
