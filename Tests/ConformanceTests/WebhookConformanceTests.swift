import Forges
import PipelineModel
import TestSupport
import Testing

@Suite("Webhook payloads")
struct WebhookConformanceTests {
    @Test(
        "every payload says what its manifest expects",
        .enabled(if: ConformanceFolder.path != nil, Comment(rawValue: ConformanceFolder.absence)))
    func payloads() throws {
        let manifest = try JSONValue(parsing: ConformanceFolder.bytes("dev/webhooks/manifest.json"))
        let cases = manifest.elements ?? []
        var held = 0
        for entry in cases {
            let faults = try Self.faults(of: entry)
            if faults.isEmpty {
                held += 1
            } else {
                print("\(entry["file"]?.text ?? "?"):", faults.joined(separator: "; "))
            }
        }
        print("conformance webhooks: \(held) of \(cases.count)")
        #expect(Floor.isReached(Floor.webhooks, by: held, of: cases.count))
    }

    private static func faults(of entry: JSONValue) throws -> [String] {
        guard let file = entry["file"]?.text, let kind = entry["forge"]?.text.flatMap(ForgeKind.init),
            let expected = entry["expected"]?.members
        else { return ["the manifest's entry is not understood"] }
        let headers = (entry["headers"]?.members ?? [:]).map { (name: $0.key, value: $0.value.text ?? "") }
        let delivery: ForgeDelivery
        do {
            delivery = try PayloadReader(kind: kind, forge: "forge").delivery(
                headers: WebhookHeaders(headers), body: ConformanceFolder.bytes("dev/webhooks/" + file))
        } catch let error as ForgeError {
            return ["refused: \(error)"]
        }
        var faults = expected.sorted { $0.key < $1.key }.compactMap { key, value -> String? in
            if value == .null { return nil }
            guard let actual = Self.fact(key, of: delivery) else { return "\(key) cannot be compared" }
            return actual == value ? nil : "\(key) is \(actual), and \(value) was expected"
        }
        if let hint = entry["starts_pipeline_hint"]?.flag, Self.startsByHint(delivery) != hint {
            faults.append("the decision is \(delivery.decision), and the hint \(hint)")
        }
        return faults
    }

    /// The hint counts as starting what Pawl names and declines: re-runs of GitHub's checks and its dispatches.
    private static func startsByHint(_ delivery: ForgeDelivery) -> Bool {
        switch delivery.event.kind {
        case .checkRerun, .suiteRerun, .manual, .api: true
        default: delivery.decision == .start
        }
    }

    /// What a delivery says under one of the manifest's names; `null` where it says nothing, nil for an unknown name.
    private static func fact(_ key: String, of delivery: ForgeDelivery) -> JSONValue? {
        let event = delivery.event
        let facts = delivery.facts
        let request = event.pullRequest
        switch key {
        case "kind": return .string(event.kind.rawValue)
        case "action": return json(event.action)
        case "ref": return json(event.ref)
        case "sha": return json(event.commit)
        case "before": return json(event.before)
        case "after": return json(event.after)
        case "branch": return json(event.branch ?? facts.branch)
        case "tag": return json(event.tag)
        case "isFork": return .bool(request?.isFork ?? false)
        case "deleted": return .bool(event.deleted ?? false)
        case "created": return json(event.created)
        case "forced": return json(event.forced)
        case "author": return json(event.actor?.name)
        case "repo": return json(event.repository?.name)
        case "clone_url": return json(event.repository?.cloneURL)
        case "default_branch": return json(event.repository?.defaultBranch)
        case "pusher": return json(facts.pusher)
        case "commit_message": return json(event.commitMessage)
        case "changed_files": return .array(event.changedFiles.map(JSONValue.string))
        case "total_commits_count": return json(facts.commitCount)
        case "installation_id": return json(facts.installationID)
        case "zen": return json(facts.ping?.zen)
        case "hook_id": return json(facts.ping?.hookID)
        case "hook_events": return facts.ping.map { .array($0.events.map(JSONValue.string)) } ?? .null
        case "ref_type": return json(facts.refType)
        case "ref_name": return json(facts.refName)
        case "is_tag": return json(facts.isTag)
        case "short_sha": return json(facts.shortCommit)
        case "environment": return json(facts.environment)
        case "context": return json(facts.context)
        case "workflow": return json(facts.workflow)
        case "inputs": return facts.inputs.map { .object($0.mapValues(JSONValue.string)) } ?? .null
        case "target_commitish": return json(facts.release?.target)
        case "prerelease": return json(facts.release?.isPrerelease)
        case "pr_number":
            return json(request?.number ?? (event.comment?.isPullRequest == true ? facts.issueNumber : nil))
        case "base_branch": return json(request?.baseBranch ?? event.mergeGroup?.baseBranch)
        case "base_sha": return json(request?.baseCommit ?? event.mergeGroup?.baseCommit)
        case "head_repo": return json(request?.headRepositoryName)
        case "draft": return json(facts.release?.isDraft ?? request?.isDraft)
        case "merged": return json(request?.isMerged)
        case "state": return json(facts.state ?? request?.state)
        case "title": return json(event.title)
        case "pr_author": return json(request?.author?.name)
        case "labels": return request.map { .array($0.labels.map(JSONValue.string)) } ?? .null
        case "label": return json(facts.label)
        case "author_association": return json(facts.authorAssociation ?? request?.authorAssociation)
        case "new_commits": return json(request?.hasNewCommits)
        case "is_pull_request": return json(event.comment?.isPullRequest)
        case "issue_number": return json(facts.issueNumber)
        case "comment_body": return json(event.comment?.body)
        case "comment_author": return json(facts.commentAuthor)
        case "check_run_id": return json(facts.check?.runID)
        case "check_suite_id": return json(facts.check?.suiteID)
        case "check_name": return json(facts.check?.name)
        case "external_id": return json(facts.check?.externalID)
        case "app_id": return json(facts.check?.appID)
        case "pr_numbers": return facts.check.map { .array($0.pullRequests.map(JSONValue.integer)) } ?? .null
        case "object_kind": return json(facts.gitlab?.objectKind)
        case "event_name": return json(facts.gitlab?.eventName)
        case "system_hook": return json(facts.gitlab?.isSystemHook)
        case "project_id": return json(facts.gitlab?.projectID)
        case "target_project_id": return json(facts.gitlab?.targetProjectID)
        case "source_project_id": return json(facts.gitlab?.sourceProjectID)
        case "noteable_type": return json(facts.gitlab?.noteableType)
        case "pipeline_id": return json(facts.gitlab?.pipelineID)
        default: return nil
        }
    }

    private static func json(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }
    private static func json(_ number: Int64?) -> JSONValue { number.map(JSONValue.integer) ?? .null }
    private static func json(_ flag: Bool?) -> JSONValue { flag.map(JSONValue.bool) ?? .null }
}
