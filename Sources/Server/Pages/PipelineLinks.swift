import PipelineModel
import Signing

/// Makes links that show one pipeline to whoever has them, for statuses and chats.
public struct PipelineLinks: Sendable {
    private let grants: SignedGrant
    private let baseURL: String?
    private let now: @Sendable () -> Timestamp

    /// Signs with the key of the pages. `baseURL` is the address others reach the server under, without a slash at its
    /// end; without one there are no links.
    /// - Throws: `SigningError` with code `invalidKey`.
    public init(key: [UInt8], baseURL: String?, now: @escaping @Sendable () -> Timestamp) throws {
        grants = try SignedGrant(purpose: "pipeline page", key: key)
        self.baseURL = baseURL
        self.now = now
    }

    /// A link to a pipeline's page, good for 90 days; nil where others do not reach the server.
    public func link(to pipeline: PipelineID) -> String? { link(to: pipeline) { $0.pipeline(pipeline) } }

    /// A link to the page of a pipeline's job, which opens the whole pipeline, as long as one to it.
    public func link(to job: String, of pipeline: PipelineID) -> String? {
        link(to: pipeline) { $0.job(job, of: pipeline) }
    }

    private func link(to pipeline: PipelineID, path: (PageLinks) -> String) -> String? {
        let expiry = (now() + PageAccess.link).milliseconds / 1_000
        guard let baseURL, let grant = try? grants.text(for: [pipeline.description], until: expiry) else { return nil }
        return baseURL + path(PageLinks(grant: grant))
    }
}
