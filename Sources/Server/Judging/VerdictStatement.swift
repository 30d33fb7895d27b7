import Foundation
import PipelineModel
import Signing
import Store

/// What is signed of a pipeline's verdicts: an in-toto statement (in-toto/attestation, `spec/v1/statement.md`) about the
/// commit, with everything that the verdicts were reckoned from.
struct VerdictStatement: Encodable, Sendable {
    /// What the statement is about.
    struct Subject: Encodable, Sendable {
        var name: String
        var digest: [String: String]
    }

    /// The verdicts.
    struct Predicate: Encodable, Sendable {
        var pipeline: PipelineID
        var pullRequest: Int64?
        /// Whose rules were used; nil where they are the commit's own.
        var rulesCommit: String?
        var verdicts: [JudgedNode]
        var override: GateOverride?
        /// When it was signed.
        var at: Timestamp
    }

    let type = "https://in-toto.io/Statement/v1"
    let subject: [Subject]
    let predicateType = "urn:pawl:gate-verdicts:v1"
    let predicate: Predicate

    private enum CodingKeys: String, CodingKey {
        case type = "_type"
        case subject, predicateType, predicate
    }

    /// How in-toto statements are called in an envelope.
    static let payloadType = "application/vnd.in-toto+json"

    /// Nil where nothing was judged.
    init?(on detail: PipelineDetail, at now: Timestamp) {
        guard !detail.verdicts.isEmpty else { return nil }
        subject = [.init(name: detail.repository.reference.name, digest: ["gitCommit": detail.pipeline.commit])]
        predicate = Predicate(
            pipeline: detail.pipeline.id, pullRequest: detail.pipeline.pullRequest,
            rulesCommit: detail.plan?.ground?.rulesCommit, verdicts: detail.verdicts, override: detail.override,
            at: now)
    }

    /// The statement, signed.
    func signed(with key: Ed25519Key) throws -> SignedEnvelope {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try SignedEnvelope(
            signing: Array(try encoder.encode(self)), type: Self.payloadType, with: key)
    }
}
