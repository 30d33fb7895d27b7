import PipelineModel

extension GitLabAPI {
    /// The token's account with its role, the server's version, whether CI/CD is on, and whether "Pipelines must succeed"
    /// is.
    public func survey(of repository: RepositoryReference) async throws -> ForgeSurvey {
        let project = try await call(
            "GET", repository, "", to: "describe \(repository.name)", hint: "Give the token the scope api.")
        var survey = ForgeSurvey()
        survey.version = try await about("/version")?["version"]?.text
        survey.account = try await about("/user")?["username"]?.text
        let levels = ["project_access", "group_access"].compactMap {
            project.body?["permissions"]?[$0]?["access_level"]?.whole
        }
        survey.role = levels.max().map(Self.role(at:))
        survey.runsPipelines = project.body?["builds_access_level"]?.text.map { $0 != "disabled" }
        survey.requiresGreen = project.body?["only_allow_merge_if_pipeline_succeeds"]?.flag
        return survey
    }

    /// What the server says of itself or of the token; nil where it does not say.
    private func about(_ path: String) async throws -> JSONValue? {
        let answer = try await client.exchange("GET", "/api/v4" + path, headers: [("PRIVATE-TOKEN", token.revealed)])
        return answer.isSuccess ? answer.body : nil
    }
}
