import PipelineModel

extension Store {
    /// Where the event of a new pipeline stands among those of its repository: the number of the delivery that first told
    /// of it. What a person asks for comes after all that has been told so far.
    ///
    /// A delivery may come late, as when its forge could not reach the server and sends it again after its successor. It
    /// is known by what it leads to: a move that began at its commit, before any other of that commit. It then stands
    /// just before that one.
    static func eventOrder(
        of new: NewPipeline, from delivery: DeliveryID?, on connection: any DatabaseConnection
    ) throws -> Int64 {
        guard let delivery else {
            return try connection.row("SELECT coalesce(max(id), 0) AS newest FROM delivery")?.integer("newest") ?? 0
        }
        let told = try connection.row(
            """
            SELECT coalesce(min(earlier.id), $1) AS first FROM delivery AS this JOIN delivery AS earlier
                ON earlier.forge = this.forge AND earlier.delivery_key = this.delivery_key
                    AND coalesce(earlier.remote_id, 0) = coalesce(this.remote_id, 0)
            WHERE this.id = $1
            """, delivery)?.integer("first")
        let first = told ?? delivery.rawValue
        guard let successor = try successor(of: new, on: connection) else { return first }
        return min(first, successor - 1)
    }

    /// Where the oldest event stands that began at the commit of a new pipeline, before there was one for that commit;
    /// nil where there is none, or the new one goes on from where the ref stands.
    private static func successor(
        of new: NewPipeline, on connection: any DatabaseConnection
    ) throws -> Int64? {
        let newest = try connection.row(
            """
            SELECT commit_sha FROM pipeline WHERE repository = $1 AND ref = $2 AND source = $3
            ORDER BY event_order DESC, id DESC LIMIT 1
            """, new.repository, new.ref, new.source)
        guard let newest, try newest.text("commit_sha") != new.before else { return nil }
        return try connection.row(
            """
            SELECT min(event_order) AS successor FROM pipeline AS next
            WHERE repository = $1 AND ref = $2 AND source = $3 AND before_sha = $4
                AND NOT EXISTS (
                    SELECT 1 FROM pipeline AS earlier
                    WHERE earlier.repository = $1 AND earlier.ref = $2 AND earlier.source = $3
                        AND earlier.commit_sha = $4 AND earlier.id < next.id)
            """, new.repository, new.ref, new.source, new.commit)?.optionalInteger("successor")
    }
}
