import PipelineModel

extension GitHubAPI {
    /// The token's account with its role, and whether the default branch wants green statuses. An App has no account.
    public func survey(of repository: RepositoryReference) async throws -> ForgeSurvey {
        let path = try GitHubPath(repository.name)
        let answer = try await call(
            "GET", path, to: "describe \(repository.name)", hint: "Give the credential access to it.")
        var survey = ForgeSurvey()
        let token = try await tokens.token(for: path)
        let user = try await client.exchange("GET", "/user", headers: Self.headers(token.text))
        if user.isSuccess { survey.account = user.body?["login"]?.text }
        if let permissions = answer.body?["permissions"] {
            func has(_ name: String) -> Bool { permissions[name]?.flag ?? false }
            survey.role = has("admin") || has("maintain") ? .maintain : has("push") ? .write : .read
        }
        survey.requiresGreen = try await requiresGreen(on: repository.defaultBranch, of: path)
        return survey
    }

    /// Whether a branch is protected so that statuses have to be green; nil where GitHub does not say.
    private func requiresGreen(on branch: String, of repository: GitHubPath) async throws -> Bool? {
        guard !branch.isEmpty else { return nil }
        do {
            let answer = try await call(
                "GET", repository, "/branches/\(branch.urlSegment)", to: "describe the branch \(branch)",
                hint: "Give the credential the permission Contents: read.")
            guard let isProtected = answer.body?["protected"]?.flag else { return nil }
            guard isProtected else { return false }
            let level = answer.body?["protection"]?["required_status_checks"]?["enforcement_level"]?.text
            // Protected otherwise: a ruleset may ask for statuses.
            return level == nil || level == "off" ? nil : true
        } catch let error as ForgeError where error.code == .notFound {
            return nil
        }
    }
}
