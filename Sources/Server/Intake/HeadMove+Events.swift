import PipelineModel
import Store

extension HeadMove {
    /// Where a branch or tag went, as an event of a forge tells; nil for an event about something else.
    init?(of event: Event) {
        guard event.kind == .push || event.kind == .tag, let ref = event.ref else { return nil }
        let isGone = event.deleted == true
        guard isGone || event.commit != nil else { return nil }
        self.init(ref: ref, before: event.before, after: isGone ? nil : event.commit)
    }

    /// The event that a forge would have told of, had its delivery come. It is equal to that one in all by which a
    /// repetition is recognized, so that a delivery that comes late makes no second pipeline.
    func event(in repository: RepositoryReference) -> Event {
        var event = Event(kind: ref.hasPrefix("refs/tags/") ? .tag : .push, repository: repository)
        event.ref = ref
        event.before = before
        event.after = after
        event.commit = after
        event.created = before == nil
        event.deleted = after == nil
        return event
    }
}
