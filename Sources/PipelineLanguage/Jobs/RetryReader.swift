import PipelineModel

/// Reads `retry`.
struct RetryReader {
    let values: ValueReader

    func read(_ node: Node) -> PlannedJob.Retry? {
        if node.scalar != nil { return limit(node).map { PlannedJob.Retry(limit: $0) } }
        guard let mapping = values.mapping(node, "retry", keys: ["max", "when", "exit_codes"]) else { return nil }
        var retry = PlannedJob.Retry(limit: 0)
        if let max = mapping["max"] {
            retry.limit = limit(max) ?? 0
        } else {
            values.warning("retry has no max, so nothing is tried again.", at: node.span)
        }
        if let when = mapping["when"], !when.isNull { retry.classes = classes(when) }
        if let codes = mapping["exit_codes"], !codes.isNull {
            retry.exitCodes = values.integers(codes, "retry: exit_codes", in: 0...255)
        }
        return retry
    }

    private func limit(_ node: Node) -> Int? { values.integer(node, "retry", in: 0...2) }

    /// Nil stands for any failure.
    private func classes(_ node: Node) -> [FailureClass]? {
        var result: [FailureClass] = []
        for item in node.sequence ?? [node] {
            guard let reason: Reason = values.word(item, "retry: when") else { continue }
            guard let classes = reason.classes else { return nil }
            result += classes.filter { !result.contains($0) }
        }
        return result
    }

    /// GitLab's names for what went wrong.
    private enum Reason: String, CaseIterable {
        case always
        case unknownFailure = "unknown_failure"
        case scriptFailure = "script_failure"
        case apiFailure = "api_failure"
        case stuckOrTimeoutFailure = "stuck_or_timeout_failure"
        case stuckPendingWithMatchingRunners = "stuck_pending_with_matching_runners"
        case stuckPendingNoMatchingRunners = "stuck_pending_no_matching_runners"
        case noUpdatesRunning = "no_updates_running"
        case noUpdatesCanceling = "no_updates_canceling"
        case runnerSystemFailure = "runner_system_failure"
        case runnerConfigurationError = "runner_configuration_error"
        case runnerExternalDependencyFailure = "runner_external_dependency_failure"
        case runnerInterrupted = "runner_interrupted"
        case runnerUnsupported = "runner_unsupported"
        case staleSchedule = "stale_schedule"
        case jobExecutionTimeout = "job_execution_timeout"
        case serverTimeoutRunning = "server_timeout_running"
        case serverTimeoutCanceling = "server_timeout_canceling"
        case archivedFailure = "archived_failure"
        case unmetPrerequisites = "unmet_prerequisites"
        case schedulerFailure = "scheduler_failure"
        case dataIntegrityFailure = "data_integrity_failure"

        /// The failures it means here; nil for any, empty for what cannot happen here.
        var classes: [FailureClass]? {
            switch self {
            case .always: nil
            case .scriptFailure: [.script, .outOfMemory, .outOfDisk]
            case .unknownFailure, .apiFailure, .dataIntegrityFailure: [.system]
            case .stuckOrTimeoutFailure: [.timeout, .noOutput]
            case .runnerSystemFailure: [.system, .image, .gpu, .lost]
            case .runnerConfigurationError: [.image, .policy]
            case .runnerExternalDependencyFailure: [.image]
            case .runnerInterrupted, .noUpdatesRunning: [.lost]
            case .jobExecutionTimeout, .serverTimeoutRunning: [.timeout]
            case .schedulerFailure: [.lost, .system]
            case .runnerUnsupported: [.policy]
            case .stuckPendingWithMatchingRunners, .stuckPendingNoMatchingRunners, .noUpdatesCanceling,
                .serverTimeoutCanceling, .staleSchedule, .archivedFailure, .unmetPrerequisites:
                []
            }
        }
    }
}
