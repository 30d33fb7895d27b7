import PipelineModel

/// What is done about a delivery.
public enum DeliveryDecision: Hashable, Sendable {
    /// A pipeline is made for the event's commit. Whether a fork's has to wait for an approval is decided elsewhere.
    case start
    /// The pipelines of the branch or tag that is gone are cancelled.
    case cancel(ref: String)
    /// What a comment on a pull request asks for is done, if its writer may.
    case command(CommentCommand, pullRequest: Int64)
    /// Nothing is done, and this is why. The delivery is stored and answered like any other.
    case ignore(String)
}

extension ForgeDelivery {
    /// What is done about the delivery, by what its payload says.
    public var decision: DeliveryDecision {
        switch event.kind {
        case .push, .tag: pushDecision
        case .pullRequest: pullRequestDecision
        case .mergeGroup:
            event.action == "checks_requested" ? starting : .ignore("The merge group is \(event.action ?? "changed").")
        case .comment: commentDecision
        case .ping: .ignore("A ping: the hook works.")
        case .checkRerun, .suiteRerun:
            .ignore("Pawl reports statuses, not check runs. Run it again with `pawl retry`.")
        case .manual, .api: .ignore("A dispatch is for GitHub Actions. Start a pipeline by hand with `pawl run`.")
        case .refCreate, .refDelete: .ignore("The push that belongs to it says more.")
        default: .ignore("No pipelines are made for this kind of event.")
        }
    }

    /// Whether anything is ever done about an event of that kind. Of any other, nothing has to be readable but the
    /// repository it speaks for: refused again and again, it would make GitLab switch the hook off.
    static func actsOn(_ kind: Event.Kind) -> Bool { [.push, .tag, .pullRequest, .mergeGroup].contains(kind) }

    private var pushDecision: DeliveryDecision {
        guard let ref = event.ref, event.branch != nil || event.tag != nil else {
            return .ignore("The ref \(event.ref ?? "") is neither a branch nor a tag.")
        }
        if event.deleted == true { return .cancel(ref: ref) }
        // GitHub's merge queue makes such a branch for each entry, and tells of it in an event of its own.
        guard !ref.hasPrefix("refs/heads/gh-readonly-queue/") else {
            return .ignore("The merge queue's own event says more.")
        }
        return starting
    }

    private var pullRequestDecision: DeliveryDecision {
        switch event.action {
        // GitHub's words, then GitLab's.
        case "opened", "synchronize", "reopened", "open", "reopen": starting
        case "update" where event.pullRequest?.hasNewCommits == true: starting
        case "update": .ignore("The update brought no new commits.")
        case nil: .ignore("The payload does not say what happened to it.")
        case let action?: .ignore("The action \(action) brings no new commits.")
        }
    }

    /// A comment counts as it was first written: others may change it later.
    private var commentDecision: DeliveryDecision {
        guard let comment = event.comment, comment.isPullRequest, let number = comment.number else {
            return .ignore("The comment is on no pull request.")
        }
        // GitHub's word, GitLab's, and older GitLabs', which tell of new comments only.
        guard ["created", "create", nil].contains(event.action) else {
            return .ignore("Only a new comment is a command.")
        }
        guard let command = CommentCommand(comment: comment.body) else { return .ignore("The comment has no command.") }
        return .command(command, pullRequest: number)
    }

    private var starting: DeliveryDecision {
        if facts.asksToSkip { return .ignore("The push asked for it with the option ci.skip.") }
        guard event.commit != nil else { return .ignore("The payload names no commit.") }
        // Whoever waits to merge is told so by a pipeline without jobs.
        let isForMerging = event.kind == .pullRequest || event.kind == .mergeGroup
        guard isForMerging || !Self.asksToSkip(event.commitMessage ?? "") else {
            return .ignore("The commit's message asks for it with [skip ci].")
        }
        return .start
    }

    /// Whether a message has `[skip ci]` or `[ci skip]`, in any case, with a blank, `-` or `_` between the words.
    ///
    /// GitHub's pull requests come without the message; ask again when the commit has been fetched.
    public static func asksToSkip(_ message: String) -> Bool {
        let message = message.lowercased()
        return ["skip ci", "ci skip"].contains { words in
            [" ", "-", "_"].contains { message.contains("[" + words.replacing(" ", with: $0) + "]") }
        }
    }
}
