import PipelineModel

/// One delivery of GitLab, on its way to becoming an event.
struct GitLabPayload {
    let payload: PayloadFields
    let forge: String
    private var event: Event
    private var facts = EventFacts()
    private var words: EventFacts.GitLab

    init(_ payload: PayloadFields, event name: String, forge: String) throws(ForgeError) {
        self.payload = payload
        self.forge = forge
        words = EventFacts.GitLab(
            objectKind: payload.value["object_kind"]?.text, eventName: payload.value["event_name"]?.text,
            isSystemHook: name == "System Hook")
        event = Event(kind: Self.kind(of: words.objectKind ?? words.eventName ?? ""))
    }

    /// The kinds by GitLab's names, which stand in the body: one header may stand for several of them.
    private static func kind(of name: String) -> Event.Kind {
        switch name {
        case "push": .push
        case "tag_push": .tag
        case "merge_request": .pullRequest
        case "note": .comment
        case "pipeline": .pipeline
        case "build", "job": .job
        case "release": .release
        case "issue": .issue
        case "deployment": .deployment
        default: .other
        }
    }

    consuming func delivery() throws(ForgeError) -> ForgeDelivery {
        var reader = self
        // First of all: whatever kind it is, it is stored only for repositories that its hook may speak for. A payload
        // may name its project twice, and neither place is more to be believed.
        let flat = try reader.payload.number("project_id")
        let project = try reader.payload.object("project")?.number("id")
        reader.words.projectID = flat ?? project
        do {
            try reader.readCommon()
            try reader.readKind()
        } catch {
            // What Pawl does not act on is stored and ignored, whatever it looks like.
            guard !ForgeDelivery.actsOn(reader.event.kind) else { throw error }
        }
        reader.facts.gitlab = reader.words
        return ForgeDelivery(
            event: reader.event, facts: reader.facts, stated: Set([flat, project].compactMap { $0 }))
    }

    private mutating func readCommon() throws(ForgeError) {
        let project = try payload.object("project")
        let action = try payload.name("action")
        event.action = try payload.object("object_attributes")?.name("action") ?? action
        event.actor = try actor()
        event.repository = try repository(project)
    }

    /// Pushes and system hooks name the account flat, the others in an object.
    private func actor() throws(ForgeError) -> Event.Actor? {
        if let user = try payload.object("user") {
            guard let name = try user.firstName("username", "name") else { return nil }
            return Event.Actor(remoteID: try user.number("id"), name: name)
        }
        guard let name = try payload.firstName("user_username", "user_name") else { return nil }
        return Event.Actor(remoteID: try payload.number("user_id"), name: name)
    }

    /// The project, as far as the payload describes it; events that start nothing may lack its address.
    private func repository(_ project: PayloadFields?) throws(ForgeError) -> RepositoryReference? {
        guard let id = words.projectID else { return nil }
        let flatName = try payload.firstName("project_path_with_namespace", "path_with_namespace", "project_name")
        let flatAddress = try payload.object("repository")?.name("git_http_url")
        return RepositoryReference(
            forge: forge, remoteID: id, name: try project?.name("path_with_namespace") ?? flatName ?? "",
            cloneURL: try project?.firstName("git_http_url", "http_url") ?? flatAddress ?? "",
            defaultBranch: try project?.name("default_branch") ?? "")
    }

    private mutating func readKind() throws(ForgeError) {
        switch event.kind {
        case .push, .tag: try readPush()
        case .pullRequest: try readMergeRequest()
        case .comment: try readNote()
        case .pipeline: try readPipeline()
        case .job: try readJob()
        case .release:
            event.ref = try payload.name("tag").map { "refs/tags/" + $0 }
            event.commit = try payload.object("commit")?.commit("id")
            event.title = try payload.text("name")
        case .issue:
            let issue = try payload.object("object_attributes")
            facts.issueNumber = try issue?.number("iid")
            facts.state = try issue?.name("state")
            event.title = try issue?.text("title")
        case .deployment:
            facts.refName = try payload.name("ref")
            facts.shortCommit = try payload.name("short_sha")
            facts.environment = try payload.name("environment")
            facts.state = try payload.name("status")
        default: break
        }
    }

    private mutating func readPush() throws(ForgeError) {
        guard event.repository != nil else { throw payload.error("project_id", "is missing") }
        let ref = try payload.required("ref", PayloadFields.ref)
        event.ref = ref
        if ref.hasPrefix("refs/tags/") { event.kind = .tag }
        event.before = try payload.commit("before")
        event.after = try payload.required("after", PayloadFields.name)
        let after = try payload.commit("after")
        event.deleted = after == nil
        event.created = after != nil && event.before == nil
        facts.commitCount = try payload.number("total_commits_count")
        facts.asksToSkip = payload.value["push_options"]?["ci"]?["skip"] != nil
        let commits = try payload.objects("commits")
        try event.readChangedFiles(commits)
        guard let after else { return }
        // Of an annotated tag, `after` is the tag object, and `checkout_sha` the commit it points to.
        let commit = try payload.commit("checkout_sha") ?? after
        event.commit = commit
        for fields in commits where try fields.name("id") == commit { event.read(message: try fields.text("message")) }
    }

    private mutating func readMergeRequest() throws(ForgeError) {
        guard event.repository != nil else { throw payload.error("project", "is missing or has no number") }
        let fields = try payload.required("object_attributes", PayloadFields.object)
        var request = try mergeRequest(fields)
        let oldRevision = try fields.commit("oldrev")
        request.hasNewCommits = event.action == "update" && oldRevision != nil
        if request.labels.isEmpty { request.labels = try labels(payload) }
        event.before = oldRevision
        event.after = event.commit
        event.pullRequest = request
        event.commitMessage = try fields.object("last_commit")?.text("message")
    }

    /// Reads a merge request, from its own event or from one that is about it, and takes its ref and commit.
    private mutating func mergeRequest(_ fields: PayloadFields) throws(ForgeError) -> PullRequest {
        let source = try fields.object("source")
        let target = try fields.object("target")
        let sourceID = try fields.number("source_project_id")
        let targetID = try fields.required("target_project_id", PayloadFields.number)
        let number = try fields.required("iid", PayloadFields.number)
        words.sourceProjectID = sourceID
        words.targetProjectID = targetID
        let sourceName = try source?.name("path_with_namespace")
        let targetName = try target?.name("path_with_namespace")
        // Numbers that are equal beside names that differ cannot both be right: then it counts as a fork.
        let isContradictory = sourceID == targetID && sourceName != nil && targetName != nil && sourceName != targetName
        event.ref = "refs/merge-requests/\(number)/head"
        event.commit = try fields.object("last_commit")?.commit("id")
        event.title = try fields.text("title")
        // Before GitLab 13.8 there was only the older word.
        var draft = try fields.flag("draft")
        if draft == nil { draft = try fields.flag("work_in_progress") }
        var request = PullRequest(
            number: number, title: event.title ?? "", state: try fields.name("state") ?? "",
            isDraft: draft ?? false,
            headBranch: try fields.required("source_branch", PayloadFields.name), headCommit: event.commit ?? "",
            headRepositoryID: isContradictory ? nil : sourceID,
            baseBranch: try fields.required("target_branch", PayloadFields.name), baseRepositoryID: targetID)
        request.headRepositoryName = sourceName
        request.headCloneURL = try source?.firstName("git_http_url", "http_url")
        request.labels = try labels(fields)
        request.author = try fields.number("author_id").map { Event.Actor(remoteID: $0, name: "") }
        request.isMerged = request.state.isEmpty ? nil : request.state == "merged"
        return request
    }

    private func labels(_ fields: PayloadFields) throws(ForgeError) -> [String] {
        var names: [String] = []
        for label in try fields.objects("labels") { if let name = try label.name("title") { names.append(name) } }
        return names
    }

    private mutating func readNote() throws(ForgeError) {
        let note = try payload.required("object_attributes", PayloadFields.object)
        words.noteableType = try note.name("noteable_type")
        facts.commentAuthor = event.actor?.name
        let issue = try payload.object("issue")
        facts.issueNumber = try issue?.number("iid")
        if let request = try payload.object("merge_request") { event.pullRequest = try mergeRequest(request) }
        if event.commit == nil {
            let commit = try note.commit("commit_id")
            event.commit = try payload.object("commit")?.commit("id") ?? commit
        }
        event.comment = Event.Comment(
            body: try note.text("note") ?? "", number: event.pullRequest?.number ?? facts.issueNumber,
            isPullRequest: words.noteableType == "MergeRequest")
    }

    private mutating func readPipeline() throws(ForgeError) {
        let pipeline = try payload.required("object_attributes", PayloadFields.object)
        if let request = try payload.object("merge_request") { event.pullRequest = try mergeRequest(request) }
        words.pipelineID = try pipeline.number("id")
        event.commit = try pipeline.commit("sha")
        facts.refName = try pipeline.name("ref")
        facts.isTag = try pipeline.flag("tag")
        facts.state = try pipeline.name("status")
    }

    private mutating func readJob() throws(ForgeError) {
        words.pipelineID = try payload.number("pipeline_id")
        event.commit = try payload.commit("sha")
        facts.refName = try payload.name("ref")
        facts.isTag = try payload.flag("tag")
        facts.state = try payload.name("build_status")
    }
}
