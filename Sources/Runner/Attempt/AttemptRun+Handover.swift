import Executors
import PipelineModel

extension AttemptRun {
    /// Leaves word for the process that may come after this one. Without it the container would be removed then.
    func handOver(
        _ container: ContainerHandle, _ plan: AttemptPlan, _ pump: LogPump, _ keeper: LeaseKeeper, mlflow: MLflowAccess?
    ) async {
        guard handover == nil else { return }
        let word = Handover(
            claim: claim, receivedAt: receivedAt, assignment: plan.assignment, container: container,
            inputs: laidInputs.withLockedValue { $0 }, notes: await pump.notes, mlflow: mlflow)
        do {
            try context.folders.handovers.begin(word, under: keeper.term)
        } catch {
            context.logger.warning("the attempt cannot be handed over", metadata: facts(["error": "\(error)"]))
        }
    }
}
