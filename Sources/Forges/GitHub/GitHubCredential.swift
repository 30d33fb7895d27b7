import PipelineModel
import Signing

/// How Pawl shows GitHub who it is.
public enum GitHubCredential: Sendable {
    /// A token of an account, classic or fine-grained.
    case token(Redacted)
    /// A GitHub App; its installations' tokens are made and renewed as they are needed.
    case app(id: String, key: RSASigningKey)
}
