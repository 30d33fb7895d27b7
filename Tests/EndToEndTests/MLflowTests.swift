import Forges
import Foundation
import TestSupport
import Testing

@Suite("a job that logs over its network with MLflow's API", .needsDocker, .needsRoot, .timeLimit(.minutes(10)))
struct MLflowTests {
    /// Calls the API with what the image has, and begins a run.
    private static let begin = """
        set -e
        call() {
            wget -q -O - --header "Authorization: Bearer $MLFLOW_TRACKING_TOKEN" \\
                --header 'Content-Type: application/json' --post-data "$2" \\
                "$MLFLOW_TRACKING_URI/api/2.0/mlflow/$1"
        }
        metric() {
            call runs/log-metric '{"run_id": "'$run'", "key": "f1", "value": '$1', "timestamp": 1, "step": '$2'}'
        }
        run=$(call runs/create '{"experiment_id": "1"}' | sed 's/.*"run_id":"\\([0-9a-f]*\\)".*/\\1/')
        """

    // MARK: - The gate

    /// Logs a curve, and looks whether the server's own port is in reach.
    private static func train(_ address: String) -> String {
        let port = address.split(separator: ":").last.map(String.init) ?? ""
        return """
            \(begin)
            metric 0.2 1
            metric 0.5 2
            metric "$(cat value.txt)" 3
            call runs/log-parameter '{"run_id": "'$run'", "key": "lr", "value": "0.1"}'
            call runs/update '{"run_id": "'$run'", "status": "FINISHED"}'
            host=${MLFLOW_TRACKING_URI#http://}; host=${host%:*}
            if nc -w 1 "$host" \(port) </dev/null; then echo "the server is in reach"; else echo "it is out of reach"; fi
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
        #expect(log.contains("it is out of reach") && log.contains("the token is [masked]"), "\(log)")
        let shown = try await site.pawl("report", try project.pipeline(of: first))
        #expect(shown.output.contains("0.81"), "\(shown)")

        try await project.git("checkout", "--quiet", "-B", "worse", "main")
        let commit = try await project.push(["value.txt": "0.65"], to: "refs/heads/worse")
        _ = try await site.forge.openPullRequest(in: project.path, from: "worse")
        let states = try await project.ended(commit, source: "pr")
        #expect(states["pawl/pr/gate"] == .failure && states["pawl/pr"] == .failure)
        #expect(project.text("pawl/pr/gate", on: commit) == "f1 is 0.6500, min 0.7000 is allowed")
        project.expectNoViolations()
    }

    // MARK: - The next process

    /// Logs one number before it may go on, and one after, as often as it takes to be heard.
    private static let patient = """
        \(begin)
        metric 0.5 1
        echo "logged once"
        until [ -e /data/going/go ]; do sleep 0.1; done
        until metric 0.75 2; do sleep 0.1; done
        """

    @Test("a job goes on logging to the process that comes after its runner's, at the same address")
    func goingOn() async throws {
        let site = try await Site.withoutRunner()
        let folder = "\(site.folder)/going"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let made = try await site.pawl(["runner", "token", "--tags", "logging", "--for", "1h", "--json"])
        let token = try JSONDecoder().decode(ShownJoinToken.self, from: Data(made.output.utf8)).token
        let runner = try await RunnerProcess(
            "logging1", on: site, token: token, networks: "10.239.0.0/16", gpus: [],
            data: [(name: "going", path: folder)])
        let project = try await Project("mlflow/going", on: site)
        let commit = try await project.push([
            ".pawl.yml": """
            train:
              tags: [logging]
              script: sh train.sh
              ml: {data: going, gate: {f1: {want: higher, min: 0.7}}}
            """, "train.sh": Self.patient,
        ])
        try await project.told(.pending, "pawl/push", on: commit)
        _ = try await site.log(of: "\(try project.pipeline(of: commit))/train", until: "logged once")
        try await runner.restartInPlace()
        runner.signal(SIGKILL)
        #expect(await runner.end() == 128 + SIGKILL)
        try await runner.start()
        try Data().write(to: URL(filePath: folder + "/go"))
        // 0.5 alone would not do.
        #expect(try await project.ended(commit)["pawl/push/train"] == .success, "\(runner.log.suffix(6_000))")
        let shown = try await site.pawl("report", try project.pipeline(of: commit))
        let log = try await project.log("train", of: commit)
        #expect(shown.output.contains("0.75"), "\(shown) \(log)")
        #expect(try await project.shown(commit).job("train").attempts.map(\.state) == ["passed"])
        runner.signal(SIGTERM)
        #expect(await runner.end() == 0)
    }
}
