import Evaluation
import Executors
import PipelineModel
import Signing

extension AttemptRun {
    /// Takes what the container logs with MLflow's API while work goes on; what came is in the workspace's folder then,
    /// where `ReportReader` finds it.
    /// - Parameter work: gets where that is, for the process that may come after this one; nil where nothing is taken.
    func withMLflow<Result: Sendable>(
        of container: ContainerHandle, _ plan: AttemptPlan, _ pump: LogPump,
        _ work: (MLflowAccess?) async throws -> Result
    ) async throws -> Result {
        let endpoint = await openMLflow(of: container, plan, pump)
        let access = endpoint.flatMap { endpoint in
            plan.mlflowToken.map { MLflowAccess(port: endpoint.port, token: $0) }
        }
        do {
            let result = try await work(access)
            await endpoint?.close()
            return result
        } catch {
            await endpoint?.close()
            throw error
        }
    }

    /// Listens for the container, lets it through to there, and tells it where that is. What stands in the way fails no
    /// job: it goes on without.
    private func openMLflow(
        of container: ContainerHandle, _ plan: AttemptPlan, _ pump: LogPump
    ) async -> MLflowEndpoint? {
        guard let token = plan.mlflowToken, handover == nil || handover?.mlflow != nil else { return nil }
        do {
            guard let doorway = try await context.executor.doorway(of: container) else { return nil }
            let api = MLflowAPI(
                artifactFolder: plan.workspace.target + "/mlartifacts", experiment: plan.assignment.repository.name)
            let (file, now) = (plan.workspace.mlflowFile, context.clock.wall)
            let book = try await blocking { try MLflowBook(api, at: file, now: now) { MLflowBook.randomID() } }
            let endpoint = try await MLflowEndpoint(at: doorway, port: handover?.mlflow?.port ?? 0, token: token) {
                book.answer($0)
            }
            do {
                try await context.executor.open(endpoint.port, at: doorway, to: container)
                if handover == nil {
                    let variables = MLflowVariables(
                        doorway: doorway, port: endpoint.port, token: token, experiment: plan.assignment.repository.name
                    )
                    try ScriptFolder.add(variables.shellText, at: "\(context.folders.memory)/\(key.attempt)")
                }
            } catch {
                await endpoint.close()
                throw error
            }
            return endpoint
        } catch {
            await pump.note("Warning: what the job logs with MLflow is not taken: \(error)")
            return nil
        }
    }
}

/// What the next process of a runner has to know to listen where this one did. It has a secret in it.
struct MLflowAccess: Codable, Sendable {
    /// The port, at the doorway of the container.
    let port: Int
    /// The token that the container shows.
    let token: String
}
