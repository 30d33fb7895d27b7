import Evaluation
import GitRepositories
import PipelineModel
import Store

extension ReportGathering {
    /// Gathers from a store, and counts what changes consist of in mirrors, where there are any.
    init(store: Store, pageURL: @escaping @Sendable (PipelineID) -> String?, mirrors: Mirrors?) {
        self.init(store: store, pageURL: pageURL) { repository, base, commit in
            // A report without it is still a report.
            (try? await mirrors?.changes(from: base, to: commit, of: repository)) ?? []
        }
    }

    /// The pipeline that a change is held against: what its gates took, else the newest on the target branch before it
    /// that passed.
    func compared(_ detail: PipelineDetail) async throws -> PipelineDetail? {
        if let baseline = detail.verdicts.compactMap(\.verdict.baseline).first {
            return try await store.pipeline(baseline.pipeline)
        }
        let told = detail.variables.last { $0.name == "CI_MERGE_REQUEST_TARGET_BRANCH_NAME" }?.value
        let branch = told ?? detail.repository.reference.defaultBranch
        guard let newest = try await store.newestPassed(onBranch: branch, before: detail.pipeline) else { return nil }
        return try await store.pipeline(newest)
    }

    /// How the tests ended, and how much of the code they reach, beside what it was before.
    func addFindings(of view: PipelineDetailView, besides base: PipelineDetailView?, to report: inout PullRequestReport)
    {
        let found = view.nodes.compactMap { node in node.findings.map { (node.name, $0) } }
        let tests = found.compactMap(\.1.tests)
        report.tests = tests.isEmpty ? nil : tests.reduce(TestReport(), +)
        report.coverage = found.compactMap { node, findings in
            let before = base?.nodes.first { $0.name == node }?.findings?.coverage
            return findings.coverage.map { CoverageFigure(node: node, percent: $0, before: before) }
        }
    }

    /// What was changed between two commits, and what their jobs ran on alike.
    func addDifferences(
        of detail: PipelineDetail, besides base: PipelineDetail, to report: inout PullRequestReport
    ) async {
        let reference = detail.repository.reference
        let parameterFiles = report.parameters.isEmpty ? [] : ["params.yaml", "params.json"]
        report.files = await fileChanges(reference, base.pipeline.commit, detail.pipeline.commit)
            .filter { !parameterFiles.contains($0.path) }
        let (own, theirs) = (Ground(detail), Ground(base))
        for (node, digest) in own.images {
            guard let old = theirs.images.first(where: { $0.node == node })?.digest else { continue }
            if old == digest {
                report.same.append("image of \(node) \(digest.prefix(19))")
            } else {
                report.differences.append("image of \(node) \(old.prefix(19)) → \(digest.prefix(19))")
            }
        }
        if !own.models.isEmpty, !theirs.models.isEmpty {
            let models = own.models.sorted().joined(separator: ", ")
            if own.models == theirs.models {
                report.same.append("GPU model \(models)")
            } else {
                report.differences.append("GPU model \(theirs.models.sorted().joined(separator: ", ")) → \(models)")
            }
        }
        if let ground = detail.plan?.ground, !detail.verdicts.isEmpty, ground.changes.isEmpty {
            report.same.append("gate rules of \(ground.target)")
        }
    }

    /// What the jobs of a pipeline ran on.
    private struct Ground {
        /// The image of each node, of the newest attempt at its first job.
        var images: [(node: String, digest: String)] = []
        /// The models of all GPUs.
        var models: Set<String> = []

        init(_ detail: PipelineDetail) {
            for job in detail.jobs {
                let node = detail.plan?.job(named: job.name)?.node ?? job.name
                guard let attempt = job.attempts.last else { continue }
                models.formUnion(attempt.gpus.map(\.model))
                if let digest = attempt.imageDigest, !images.contains(where: { $0.node == node }) {
                    images.append((node, digest))
                }
            }
        }
    }
}
