import Forges
import Foundation
import TestSupport
import Testing

@Suite("a job that logs over its network with MLflow's API", .needsDocker, .needsRoot, .timeLimit(.minutes(4)))
struct MLflowTests {
    /// Logs with what the image has, and looks whether the server's own port is in reach.
    private static func train(_ address: String) -> String {
        let port = address.split(separator: ":").last.map(String.init) ?? ""
        return """
            set -e
            call() {
                wget -q -O - --header "Authorization: Bearer $MLFLOW_TRACKING_TOKEN" \\
                    --header 'Content-Type: application/json' --post-data "$2" \\
                    "$MLFLOW_TRACKING_URI/api/2.0/mlflow/$1"
            }
            run=$(call runs/create '{"experiment_id": "1"}' | sed 's/.*"run_id":"\\([0-9a-f]*\\)".*/\\1/')
            step=0
            for value in 0.2 0.5 "$(cat value.txt)"; do
                step=$((step + 1))
                call runs/log-metric \\
                    '{"run_id": "'$run'", "key": "f1", "value": '$value', "timestamp": 1, "step": '$step'}'
            done
            call runs/log-parameter '{"run_id": "'$run'", "key": "lr", "value": "0.1"}'
            call runs/update '{"run_id": "'$run'", "status": "FINISHED"}'
            host=${MLFLOW_TRACKING_URI#http://}; host=${host%:*}
            if nc -w 1 "$host" \(port) </dev/null; then echo "the server is in reach"; else echo "the server is out of reach"; fi
            echo "the token is $MLFLOW_TRACKING_TOKEN"
            """
    }

    private static let file = """
        train:
          script: sh train.sh
          ml: {gate: {f1: {want: higher, tolerance: 0.002, min: 0.7}}}
          rules: [{when: on_success}]
        """

    @Test("the last value of what it logged is judged: a worse model cannot merge, and nothing else is in its reach")
    func gate() async throws {
        let site = try await Site.shared(.github)
        let project = try await Project("mlflow/model", on: site)
        let first = try await project.push([
            ".pawl.yml": Self.file, "train.sh": Self.train(site.address), "value.txt": "0.81",
        ])
        let pushed = try await project.ended(first)
        let log = try await project.log("train", of: first)
        #expect(pushed["pawl/push/train"] == .success, "\(log)")
        #expect(log.contains("the server is out of reach") && log.contains("the token is [masked]"), "\(log)")
        let shown = try await site.pawl("report", try project.pipeline(of: first))
        #expect(shown.output.contains("0.81"), "\(shown)")

        try await project.git("checkout", "--quiet", "-B", "worse", "main")
        let commit = try await project.push(["value.txt": "0.65"], to: "refs/heads/worse")
        _ = try await site.forge.openPullRequest(in: project.path, from: "worse")
        let states = try await project.ended(commit, source: "pr")
        #expect(states["pawl/pr/gate"] == .failure && states["pawl/pr"] == .failure)
        #expect(
            project.text("pawl/pr/gate", on: commit) == "f1 is 0.6500, min 0.7000 is allowed")
        project.expectNoViolations()
    }
}
