import PipelineModel

extension VariableList {
    mutating func addServer(_ server: PipelineFacts.Server) {
        add("CI", "true")
        add("GITLAB_CI", "true")
        add("PAWL", "true")
        add("PAWL_FORGE", server.forge)
        add("CI_SERVER", "yes")
        add("CI_SERVER_NAME", "Pawl")
        guard let parts = ServerAddress(server.url) else { return }
        add("CI_SERVER_URL", server.url)
        add("CI_SERVER_HOST", parts.host)
        add("CI_SERVER_PORT", String(parts.port))
        add("CI_SERVER_PROTOCOL", parts.scheme)
        add("CI_SERVER_FQDN", parts.hasUsualPort ? parts.host : "\(parts.host):\(parts.port)")
        if server.forge == "gitlab" { add("CI_API_V4_URL", "\(server.url)/api/v4") }
    }

    mutating func addProject(_ project: PipelineFacts.Project, server: PipelineFacts.Server) {
        let parts = project.path.split(separator: "/").map(String.init)
        add("CI_PROJECT_ID", String(project.id))
        add("CI_PROJECT_PATH", project.path)
        add("CI_PROJECT_PATH_SLUG", Slug.reference(project.path))
        add("CI_PROJECT_NAME", parts.last)
        add("CI_PROJECT_TITLE", parts.last)
        add("CI_PROJECT_NAMESPACE", parts.dropLast().joined(separator: "/"))
        add("CI_PROJECT_ROOT_NAMESPACE", parts.count > 1 ? parts.first : nil)
        add("CI_PROJECT_NAMESPACE_SLUG", Slug.reference(parts.dropLast().joined(separator: "/")))
        add("CI_PROJECT_URL", project.url)
        add("CI_PROJECT_VISIBILITY", project.visibility)
        add("CI_REPOSITORY_URL", project.cloneURL)
        add("CI_CONFIG_PATH", project.pipelineFile)
        add("CI_DEFAULT_BRANCH", project.defaultBranch)
        add("CI_DEFAULT_BRANCH_SLUG", Slug.reference(project.defaultBranch))
        add("PAWL_REPOSITORY", project.path)
    }

    mutating func addCommit(_ commit: PipelineFacts.Commit, ref: PipelineFacts.Ref) {
        let lines = commit.message.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        add("CI_COMMIT_SHA", commit.sha)
        add("CI_COMMIT_SHORT_SHA", String(commit.sha.prefix(8)))
        add("CI_COMMIT_BEFORE_SHA", commit.before ?? String(repeating: "0", count: 40))
        add("CI_COMMIT_MESSAGE", commit.message)
        add("CI_COMMIT_TITLE", lines.first.map { $0.trimmingSpaces })
        add("CI_COMMIT_DESCRIPTION", lines.count > 1 ? lines[1].trimmingSpaces : "")
        add("CI_COMMIT_AUTHOR", commit.author)
        add("CI_COMMIT_TIMESTAMP", commit.timestamp)
        add("CI_COMMIT_REF_NAME", ref.name)
        add("CI_COMMIT_REF_SLUG", Slug.reference(ref.name))
        add("CI_COMMIT_REF_PROTECTED", ref.isProtected)
        switch ref.kind {
        case .branch: add("CI_COMMIT_BRANCH", ref.name)
        case .tag:
            add("CI_COMMIT_TAG", ref.name)
            add("CI_COMMIT_TAG_MESSAGE", ref.tagMessage ?? "")
        case .mergeRequest: break
        }
        add("PAWL_COMMIT", commit.sha)
    }

    mutating func addMergeRequest(_ request: MergeRequestFacts?, project: PipelineFacts.Project) {
        guard let request else { return }
        add("CI_OPEN_MERGE_REQUESTS", "\(project.path)!\(request.number)")
        add("CI_MERGE_REQUEST_ID", String(request.number))
        add("CI_MERGE_REQUEST_IID", String(request.number))
        add("CI_MERGE_REQUEST_TITLE", request.title)
        add("CI_MERGE_REQUEST_DRAFT", request.isDraft)
        add("CI_MERGE_REQUEST_LABELS", request.labels.isEmpty ? nil : request.labels.joined(separator: ","))
        add("CI_MERGE_REQUEST_EVENT_TYPE", "detached")
        add("CI_MERGE_REQUEST_PROJECT_ID", String(project.id))
        add("CI_MERGE_REQUEST_PROJECT_PATH", project.path)
        add("CI_MERGE_REQUEST_PROJECT_URL", project.url)
        add("CI_MERGE_REQUEST_REF_PATH", "refs/merge-requests/\(request.number)/head")
        add("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", request.head.branch)
        add("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", request.head.projectID.map { String($0) })
        add("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", request.head.projectPath)
        add("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", request.base.branch)
        add("CI_MERGE_REQUEST_DIFF_BASE_SHA", request.diffBase)
        // Set only in pipelines of merged results, which these are not.
        add("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "")
        add("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "")
    }

    mutating func addPipeline(_ facts: PipelineFacts) {
        add("CI_PIPELINE_ID", String(facts.pipelineID))
        add("CI_PIPELINE_IID", String(facts.pipelineNumber))
        add("CI_PIPELINE_SOURCE", facts.source)
        add("CI_PIPELINE_URL", facts.pipelineURL)
        add("CI_PIPELINE_CREATED_AT", facts.createdAt)
        if let actor = facts.actor {
            add("GITLAB_USER_ID", actor.id.map { String($0) })
            add("GITLAB_USER_LOGIN", actor.name)
            add("GITLAB_USER_NAME", actor.name)
        }
        add("PAWL_PIPELINE", String(facts.pipelineNumber))
        add("PAWL_SOURCE", facts.source)
    }
}
