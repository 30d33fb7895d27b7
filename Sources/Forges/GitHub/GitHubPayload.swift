import PipelineModel

/// One delivery of GitHub, on its way to becoming an event.
struct GitHubPayload {
    let payload: PayloadFields
    let name: String
    let forge: String
    private var event: Event
    private var facts = EventFacts()

    init(_ payload: PayloadFields, event name: String, forge: String) throws(ForgeError) {
        self.payload = payload
        self.name = name
        self.forge = forge
        event = Event(kind: Self.kind(of: name, action: payload.value["action"]?.text))
    }

    /// The kinds by GitHub's names. Any other name, today's or tomorrow's, is `other`.
    private static func kind(of name: String, action: String?) -> Event.Kind {
        switch name {
        case "push": .push
        case "pull_request": .pullRequest
        case "merge_group": .mergeGroup
        case "issue_comment": .comment
        case "commit_comment": .commitComment
        case "pull_request_review": .review
        case "pull_request_review_comment": .reviewComment
        case "check_run": action == "rerequested" ? .checkRerun : .checkRun
        case "check_suite": action == "rerequested" ? .suiteRerun : .checkSuite
        case "workflow_dispatch": .manual
        case "repository_dispatch": .api
        case "release": .release
        case "ping": .ping
        case "create": .refCreate
        case "delete": .refDelete
        case "issues": .issue
        case "deployment", "deployment_status": .deployment
        case "status": .status
        case "installation", "installation_repositories": .installation
        case "workflow_run": .workflowRun
        case "workflow_job": .workflowJob
        default: .other
        }
    }

    consuming func delivery() throws(ForgeError) -> ForgeDelivery {
        var reader = self
        // First of all: whatever kind it is, it is stored only for a repository that its hook may speak for.
        let project = try reader.payload.object("repository")
        let stated = try project.map { (project) throws(ForgeError) in
            Set([try project.required("id", PayloadFields.number)])
        }
        do {
            try reader.readCommon()
            try reader.readKind()
        } catch {
            // What Pawl does not act on is stored and ignored, whatever it looks like.
            guard !ForgeDelivery.actsOn(reader.event.kind) else { throw error }
        }
        return ForgeDelivery(event: reader.event, facts: reader.facts, stated: stated ?? [])
    }

    private mutating func readCommon() throws(ForgeError) {
        event.action = try payload.name("action")
        facts.installationID = try payload.object("installation")?.number("id")
        if let sender = try payload.object("sender") { event.actor = try Self.actor(sender) }
        event.repository = try payload.object("repository").flatMap(repository)
    }

    private static func actor(_ user: PayloadFields) throws(ForgeError) -> Event.Actor? {
        guard let login = try user.name("login") else { return nil }
        return Event.Actor(remoteID: try user.number("id"), name: login)
    }

    private func repository(_ repository: PayloadFields) throws(ForgeError) -> RepositoryReference? {
        guard let id = try repository.number("id"), let name = try repository.name("full_name") else { return nil }
        return RepositoryReference(
            forge: forge, remoteID: id, name: name, cloneURL: try repository.name("clone_url") ?? "",
            defaultBranch: try repository.name("default_branch") ?? "")
    }

    private mutating func readKind() throws(ForgeError) {
        switch event.kind {
        case .push: try readPush()
        case .pullRequest, .review, .reviewComment: try readPullRequest()
        case .mergeGroup: try readMergeGroup()
        case .comment, .commitComment, .issue: try readComment()
        case .checkRun, .checkRerun: try readCheckRun()
        case .checkSuite, .suiteRerun: try readCheckSuite()
        case .manual, .api: try readDispatch()
        case .release: try readRelease()
        case .ping: try readPing()
        case .refCreate, .refDelete: try readRefChange()
        case .deployment: try readDeployment()
        case .status:
            event.commit = try payload.commit("sha")
            facts.state = try payload.name("state")
            facts.context = try payload.name("context")
        case .workflowRun: try readRun(try payload.object("workflow_run"))
        case .workflowJob: try readRun(try payload.object("workflow_job"))
        default: break
        }
    }

    // MARK: What starts pipelines

    private mutating func readPush() throws(ForgeError) {
        guard event.repository != nil else { throw payload.error("repository", "is missing or has no number") }
        let ref = try payload.required("ref", PayloadFields.ref)
        event.ref = ref
        if ref.hasPrefix("refs/tags/") { event.kind = .tag }
        event.before = try payload.commit("before")
        event.after = try payload.required("after", PayloadFields.name)
        let after = try payload.commit("after")
        event.deleted = try payload.flag("deleted") ?? (after == nil)
        event.created = try payload.flag("created") ?? (event.before == nil)
        event.forced = try payload.flag("forced")
        facts.pusher = try payload.object("pusher")?.name("name")
        try event.readChangedFiles(payload.objects("commits"))
        guard event.deleted == false else { return }
        let head = try payload.object("head_commit")
        // Of an annotated tag, `after` is the tag object, and the head commit what it points to.
        event.commit = try head?.commit("id") ?? after
        guard event.commit != nil else { throw payload.error("after", "is no commit id") }
        event.read(message: try head?.text("message"))
    }

    private mutating func readPullRequest() throws(ForgeError) {
        guard let repository = event.repository else {
            throw payload.error("repository", "is missing or has no number")
        }
        var request = try Self.pullRequest(in: payload, baseRepositoryID: repository.remoteID)
        if event.kind == .pullRequest {
            request.hasNewCommits = event.action == "synchronize"
            event.before = try payload.commit("before")
            event.after = try payload.commit("after")
            if event.after == nil { event.after = request.headCommit }
        }
        event.pullRequest = request
        event.ref = "refs/pull/\(request.number)/head"
        event.commit = request.headCommit
        event.title = request.title
        facts.label = try payload.object("label")?.name("name")
        if event.kind != .pullRequest { try readCommentText(number: request.number, isPullRequest: true) }
    }

    /// Reads the member `pull_request`, which events and the API describe alike. A payload that does not say which
    /// repository it goes into is about its own.
    static func pullRequest(
        in payload: PayloadFields, baseRepositoryID: Int64
    ) throws(ForgeError) -> PullRequest {
        let fields = try payload.required("pull_request", PayloadFields.object)
        let head = try fields.required("head", PayloadFields.object)
        let base = try fields.required("base", PayloadFields.object)
        let headRepository = try head.object("repo")
        let baseID = try base.object("repo")?.number("id")
        var request = PullRequest(
            number: try fields.required("number", PayloadFields.number), title: try fields.text("title") ?? "",
            state: try fields.name("state") ?? "", isDraft: try fields.flag("draft") ?? false,
            headBranch: try head.required("ref", PayloadFields.name),
            headCommit: try head.required("sha", PayloadFields.commit),
            headRepositoryID: try headRepository?.number("id"),
            baseBranch: try base.required("ref", PayloadFields.name), baseRepositoryID: baseID ?? baseRepositoryID)
        request.headRepositoryName = try headRepository?.name("full_name")
        request.headCloneURL = try headRepository?.name("clone_url")
        request.baseCommit = try base.commit("sha")
        for label in try fields.objects("labels") {
            if let name = try label.name("name") { request.labels.append(name) }
        }
        request.authorAssociation = try fields.name("author_association")
        request.author = try fields.object("user").flatMap(actor)
        request.isMerged = try fields.flag("merged")
        return request
    }

    private mutating func readMergeGroup() throws(ForgeError) {
        let fields = try payload.required("merge_group", PayloadFields.object)
        event.ref = try fields.ref("head_ref")
        event.commit = try fields.commit("head_sha")
        event.after = event.commit
        if let base = try fields.name("base_ref") {
            let branch = base.hasPrefix("refs/heads/") ? String(base.dropFirst("refs/heads/".count)) : base
            event.mergeGroup = MergeGroup(baseBranch: branch, baseCommit: try fields.commit("base_sha"))
        }
        event.read(message: try fields.object("head_commit")?.text("message"))
    }

    private mutating func readDispatch() throws(ForgeError) {
        // A dispatch of a workflow has a ref, one of a repository only the name of a branch.
        guard let name = try payload.firstName("ref", "branch") else { return }
        event.ref = name.hasPrefix("refs/") ? name : "refs/heads/" + name
        facts.workflow = try payload.name("workflow")
        facts.inputs = try payload.object("inputs")?.value.members?.mapValues { value in
            value.text ?? String(decoding: value.bytes, as: UTF8.self)
        }
    }

    // MARK: What is talked about

    private mutating func readComment() throws(ForgeError) {
        let issue = try payload.object("issue")
        facts.issueNumber = try issue?.number("number")
        event.title = try issue?.text("title")
        let comment = try payload.object("comment")
        event.commit = try comment?.commit("commit_id")
        try readCommentText(number: facts.issueNumber, isPullRequest: issue?.value["pull_request"] != nil)
    }

    private mutating func readCommentText(number: Int64?, isPullRequest: Bool) throws(ForgeError) {
        let review = try payload.object("review")
        guard let comment = try payload.object("comment") ?? review else { return }
        facts.commentAuthor = try comment.object("user")?.name("login")
        facts.authorAssociation = try comment.name("author_association")
        event.comment = Event.Comment(
            body: try comment.text("body") ?? "", number: number, isPullRequest: isPullRequest)
    }

    private mutating func readRelease() throws(ForgeError) {
        let fields = try payload.required("release", PayloadFields.object)
        event.ref = try fields.name("tag_name").map { "refs/tags/" + $0 }
        event.title = try fields.text("name")
        facts.release = EventFacts.Release(
            target: try fields.name("target_commitish"), isPrerelease: try fields.flag("prerelease"),
            isDraft: try fields.flag("draft"))
    }

    private mutating func readRefChange() throws(ForgeError) {
        facts.refType = try payload.name("ref_type")
        guard let name = try payload.name("ref") else { return }
        event.ref = (facts.refType == "tag" ? "refs/tags/" : "refs/heads/") + name
        event.created = event.kind == .refCreate
        event.deleted = event.kind == .refDelete
    }

    private mutating func readPing() throws(ForgeError) {
        let hook = try payload.object("hook")
        facts.ping = EventFacts.Ping(
            hookID: try payload.number("hook_id"), events: try hook?.names("events") ?? [], zen: try payload.name("zen")
        )
    }

    // MARK: What others run

    private mutating func readCheckRun() throws(ForgeError) {
        let run = try payload.required("check_run", PayloadFields.object)
        let suite = try run.object("check_suite")
        event.commit = try run.commit("head_sha")
        facts.branch = try suite?.name("head_branch")
        facts.check = EventFacts.Check(
            runID: try run.number("id"), suiteID: try suite?.number("id"), name: try run.name("name"),
            externalID: try run.text("external_id"), appID: try run.object("app")?.number("id"),
            pullRequests: try pullRequests(of: run))
    }

    private mutating func readCheckSuite() throws(ForgeError) {
        let suite = try payload.required("check_suite", PayloadFields.object)
        event.commit = try suite.commit("head_sha")
        event.before = try suite.commit("before")
        event.after = try suite.name("after")
        facts.branch = try suite.name("head_branch")
        facts.check = EventFacts.Check(
            suiteID: try suite.number("id"), appID: try suite.object("app")?.number("id"),
            pullRequests: try pullRequests(of: suite))
    }

    private func pullRequests(of check: PayloadFields) throws(ForgeError) -> [Int64] {
        var numbers: [Int64] = []
        for request in try check.objects("pull_requests") {
            if let number = try request.number("number") { numbers.append(number) }
        }
        return numbers
    }

    private mutating func readRun(_ run: PayloadFields?) throws(ForgeError) {
        event.commit = try run?.commit("head_sha")
        facts.branch = try run?.name("head_branch")
        facts.state = try run?.name("status")
    }

    private mutating func readDeployment() throws(ForgeError) {
        let deployment = try payload.object("deployment")
        event.commit = try deployment?.commit("sha")
        facts.refName = try deployment?.name("ref")
        facts.environment = try deployment?.name("environment")
        facts.state = try payload.object("deployment_status")?.name("state")
    }
}
