import Forges
import PipelineModel
import Store

/// Takes commands in comments: asks the forge what their writer may do, then has the store carry them out.
///
/// What a payload says of a person is a claim; the forge is asked for the account's number. Whoever may not write to the
/// repository is not answered, so that strangers put nothing into a report.
struct CommandDesk: Sendable {
    let store: Store
    let forge: ForgeConnection
    let now: @Sendable () -> Timestamp

    /// Deals with a command, and with the delivery it came in.
    /// - Throws: `ForgeError` where the forge cannot tell now what the writer may.
    func take(
        _ command: CommentCommand, of writer: Event.Actor?, on pullRequest: Int64, of repository: StoredRepository,
        in delivery: DeliveryID
    ) async throws {
        let role =
            if let writer { try await forge.api.role(of: writer, in: repository.reference) } else { AccountRole.none }
        guard let writer, role >= .write else {
            let reason = "\(writer?.name ?? "its writer") may not write to \(repository.reference.name)"
            return try await store.finishDelivery(delivery, as: .ignored(reason), now: now())
        }
        let request = CommentRequest(
            command, by: "@\(writer.name)", on: pullRequest, of: repository.id, in: delivery)
        guard role >= Self.needed(for: command) else {
            return try await store.refuse(request, because: "that is for maintainers", now: now())
        }
        try await store.carryOut(request, now: now())
    }

    private static func needed(for command: CommentCommand) -> AccountRole {
        switch command {
        case .retry, .moreSeeds, .unclear: .write
        case .override, .approve: .maintain
        }
    }
}
