import PipelineModel

/// Says whether `only` and `except` let a job into the pipeline.
struct RefPolicyMatcher {
    let values: ValueReader
    let variables: [Variable]

    private var context: PlanningContext { values.session.context }

    /// Every part of `only` has to hold, and no part of `except` may.
    func lets(_ only: RefPolicy?, _ except: RefPolicy?) -> Bool {
        // A part that is not asked for holds in the one, and does not in the other.
        (only?.refs.map(fits) ?? true) && (only?.conditions.map(oneHolds) ?? true)
            && (only?.changes.map { oneHolds([$0]) } ?? true) && !(except?.refs.map(fits) ?? false)
            && !(except?.conditions.map(oneHolds) ?? false) && !(except?.changes.map { oneHolds([$0]) } ?? false)
    }

    private func oneHolds(_ rules: [Rule]) -> Bool {
        RuleMatcher(values: values).firstMatch(rules, variables: variables) != nil
    }

    private func fits(_ refs: [RefPolicy.Ref]) -> Bool { refs.contains(where: fits) }

    private func fits(_ ref: RefPolicy.Ref) -> Bool {
        if let repository = ref.repository {
            let path = context.predefined.last { $0.name == "CI_PROJECT_PATH" }?.value
            guard path == repository else { return false }
        }
        switch (context.refKind, ref.text) {
        case (.branch, "branches"), (.tag, "tags"): return true
        default: break
        }
        let source = context.source.hasSuffix("_event") ? String(context.source.dropLast(6)) : context.source
        if ref.text == source || ref.text == Self.plural(source) { return true }
        guard context.refKind != .mergeRequest else { return false }
        guard let pattern = ref.pattern else { return ref.text == context.ref }
        return pattern.matches(context.ref, budget: values.session.budget) ?? false
    }

    private static func plural(_ word: String) -> String { word == "push" ? "pushes" : word + "s" }
}
