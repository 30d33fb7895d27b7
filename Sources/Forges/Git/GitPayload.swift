import PipelineModel

/// One delivery of Pawl's own post-receive hook, on its way to becoming an event. `GitHookMessage` writes what this reads.
struct GitPayload {
    let payload: PayloadFields
    let name: String
    let forge: String

    init(_ payload: PayloadFields, event name: String, forge: String) throws(ForgeError) {
        self.payload = payload
        self.name = name
        self.forge = forge
    }

    consuming func delivery() throws(ForgeError) -> ForgeDelivery {
        let project = try payload.required("repository", PayloadFields.object)
        let repository = RepositoryReference(
            forge: forge, remoteID: try project.required("id", PayloadFields.number),
            name: try project.required("name", PayloadFields.name),
            cloneURL: try project.required("clone_url", PayloadFields.name),
            defaultBranch: try project.name("default_branch") ?? "")
        guard name == "push" else {
            return ForgeDelivery(event: Event(kind: name == "ping" ? .ping : .other, repository: repository))
        }
        let ref = try payload.required("ref", PayloadFields.ref)
        var event = Event(kind: ref.hasPrefix("refs/tags/") ? .tag : .push, repository: repository)
        event.actor = try payload.name("pusher").map { Event.Actor(remoteID: nil, name: $0) }
        event.ref = ref
        event.before = try payload.commit("before")
        event.after = try payload.required("after", PayloadFields.name)
        let after = try payload.commit("after")
        event.deleted = after == nil
        event.created = after != nil && event.before == nil
        event.forced = try payload.flag("forced")
        event.changedFiles = try payload.names("changed_files")
        // Of an annotated tag, `after` is the tag object, and `commit` what it points to.
        event.commit = after == nil ? nil : try payload.commit("commit") ?? after
        event.read(message: try payload.text("message"))
        var facts = EventFacts()
        facts.asksToSkip = try payload.names("push_options").contains("ci.skip")
        return ForgeDelivery(event: event, facts: facts)
    }
}
