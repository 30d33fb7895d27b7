import PipelineModel
import Store

extension PipelineTrust {
    /// What a runner is told of it.
    var ofCommit: CommitTrust { isFork ? .fork : isProtected ? .protected : .branch }
}
