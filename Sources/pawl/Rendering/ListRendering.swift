import PipelineModel
import Server
import Store

/// Draws lists as aligned columns, the most telling first: a narrow terminal drops the last.
enum ListRendering {
    static func pipelines(_ pipelines: [PipelineView], on terminal: Terminal, now: Timestamp) -> [String] {
        guard !pipelines.isEmpty else {
            return ["no pipelines yet.  Push something, or:  pawl run REPOSITORY"]
        }
        var table = Table(alignments: [.right, .left, .right])
        for pipeline in pipelines {
            let mark = Mark(pipeline.state)
            let took = (pipeline.finishedAt ?? now) - pipeline.createdAt
            let isTimed = pipeline.finishedAt != nil || pipeline.state == .running
            table.add([
                Table.Cell("#\(pipeline.id)"), Table.Cell(mark.text(on: terminal), mark.sign.colour),
                Table.Cell(isTimed ? took.text : ""), Table.Cell(pipeline.repository),
                Table.Cell(pipeline.shortCommit), Table.Cell(pipeline.shortRef.cut(to: 24, on: terminal)),
                Table.Cell(terminal.moment(pipeline.createdAt, now: now)), Table.Cell(pipeline.title ?? ""),
            ])
        }
        return table.lines(on: terminal)
    }

    static func deliveries(_ deliveries: [DeliveryView], on terminal: Terminal, now: Timestamp) -> [String] {
        guard !deliveries.isEmpty else {
            return ["no deliveries yet.  pawl repo add makes a webhook and proves that it arrives"]
        }
        var table = Table(alignments: [.left, .left, .left, .left, .right])
        for delivery in deliveries {
            let mark = mark(of: delivery.state)
            table.add([
                Table.Cell("d\(delivery.id)"), Table.Cell(mark.text(on: terminal), mark.sign.colour),
                Table.Cell(terminal.moment(delivery.receivedAt, now: now)), Table.Cell(delivery.event),
                Table.Cell(delivery.size.text), Table.Cell(delivery.repository ?? delivery.forge),
                Table.Cell(delivery.pipeline.map { "#\($0)" } ?? ""), Table.Cell(delivery.reason ?? ""),
            ])
        }
        return table.lines(on: terminal)
    }

    static func messages(_ messages: [MessageView], on terminal: Terminal, now: Timestamp) -> [String] {
        guard !messages.isEmpty else { return ["no forge was told anything yet"] }
        var table = Table()
        for message in messages {
            let mark = message.isHeard ? mark(of: message.state) : Mark(.notRun, "nobody to tell")
            let isOwed = message.state == .owed
            let trouble = message.lastError.map { error in
                isOwed ? "try \(message.tries + 1): \(error)" : error
            }
            table.add([
                Table.Cell(terminal.moment(message.finishedAt ?? message.createdAt, now: now)),
                Table.Cell(mark.text(on: terminal), mark.sign.colour), Table.Cell(message.status.context),
                Table.Cell(message.status.state.rawValue), Table.Cell(trouble ?? message.status.text),
            ])
        }
        return table.lines(on: terminal)
    }

    static func repositories(_ repositories: [RepositoryView], on terminal: Terminal) -> [String] {
        guard !repositories.isEmpty else { return ["no repositories yet:  pawl repo add URL"] }
        var table = Table()
        for repository in repositories {
            table.add([
                Table.Cell(repository.name), Table.Cell(repository.forge), Table.Cell(repository.defaultBranch),
                Table.Cell(repository.settings.isEnabled ? "on" : "off"),
                Table.Cell(UsageRendering.gpuHours(of: repository)),
                Table.Cell(repository.cloneURL),
            ])
        }
        return table.lines(on: terminal)
    }

    static func repository(_ repository: RepositoryView, on terminal: Terminal) -> [String] {
        let settings = repository.settings
        let branches = settings.protectedBranches.isEmpty ? [repository.defaultBranch] : settings.protectedBranches
        var table = Table()
        table.add(["protected", Table.Cell("branches \(branches.joined(separator: ", "))")])
        if !settings.protectedTags.isEmpty {
            table.add(["", Table.Cell("tags \(settings.protectedTags.joined(separator: ", "))")])
        }
        let limit = settings.statusJobLimit.map { "of up to \($0) jobs" }
        table.add(["statuses", Table.Cell(limit ?? "of as many jobs as server.job-statuses says")])
        table.add(["pipelines", Table.Cell(settings.isEnabled ? "on" : "off")])
        if let budget = settings.gpuHourBudget {
            var text = "\(GPUTime.text(ofHours: budget)) a month"
            if let more = settings.gpuHourOverride {
                text += ", \(GPUTime.text(ofHours: more.hours)) more in \(more.month): \(more.reason) (\(more.by))"
            }
            table.add(["GPU-hours", Table.Cell(text)])
        }
        table.add(["jobs", Table.Cell(jobs(settings))])
        return [repository.name.printable] + table.lines(on: terminal)
    }

    /// Whose jobs go first, and how many run at once.
    private static func jobs(_ settings: RepositorySettings) -> String {
        let limits = [
            settings.jobLimit.map { "\($0) at once" }, settings.pipelineJobLimit.map { "\($0) at once of a pipeline" },
        ].compactMap { $0 }
        let room = limits.isEmpty ? "as many at once as runners have room" : limits.joined(separator: ", ")
        return "\(settings.priority.rawValue) priority, \(room)"
    }

    static func secrets(_ view: SecretListView, on terminal: Terminal, now: Timestamp) -> [String] {
        guard !view.secrets.isEmpty else {
            return ["\(view.repository.printable) has no secrets.  pawl secret set \(view.repository.printable) NAME"]
        }
        var table = Table()
        for secret in view.secrets {
            let description = secret.description
            let scope = [
                description.protectedOnly ? "protected refs" : nil, description.environment.map { "environment \($0)" },
            ].compactMap { $0 }
            table.add([
                Table.Cell(description.name), Table.Cell(description.kind.rawValue),
                Table.Cell(scope.isEmpty ? "every job" : scope.joined(separator: ", ")),
                Table.Cell("set \(terminal.moment(secret.setAt, now: now))"),
            ])
        }
        return table.lines(on: terminal)
    }

    static func tokens(_ tokens: [TokenView], on terminal: Terminal, now: Timestamp) -> [String] {
        guard !tokens.isEmpty else { return ["no tokens yet.  pawl token create NAME"] }
        var table = Table(alignments: [.right])
        for token in tokens {
            let use =
                token.revokedAt.map { "revoked \(terminal.moment($0, now: now))" }
                ?? token.lastUsedAt.map { "last used \(terminal.moment($0, now: now))" } ?? "never used"
            table.add([
                Table.Cell("\(token.id)"), Table.Cell(token.name), Table.Cell(token.scope.rawValue), Table.Cell(use),
            ])
        }
        return table.lines(on: terminal)
    }

    private static func mark(of state: DeliveryState) -> Mark {
        switch state {
        case .stored: Mark(.waiting, "waiting")
        case .planned: Mark(.passed, "planned")
        case .ignored: Mark(.notRun, "ignored")
        case .failed: Mark(.failed, "failed")
        case .duplicate: Mark(.proved, "repeated")
        }
    }

    private static func mark(of state: MessageState) -> Mark {
        switch state {
        case .owed: Mark(.waiting, "owed")
        case .sent: Mark(.passed, "sent")
        case .superseded: Mark(.notRun, "replaced")
        case .failed: Mark(.failed, "given up")
        }
    }
}

/// Draws what a request changed.
enum ChangeRendering {
    static func lines(_ view: ChangeView, took: Duration?, on terminal: Terminal) -> [String] {
        guard !view.jobs.isEmpty else { return [view.text.printable] }
        let width = view.jobs.map { $0.name.printable.columns }.max() ?? 0
        return view.jobs.enumerated().map { index, job in
            let line = "\(job.name.printable.padded(to: width))  \(job.text.printable)"
            guard index == 0, let took else { return terminal.shown(line.cut(to: terminal.width, on: terminal)) }
            let room = terminal.width - took.text.columns - 2
            return terminal.shown(line.cut(to: room, on: terminal).padded(to: room)) + "  " + took.text
        }
    }
}
