import Executors

/// The variables by which MLflow's client in a job finds where to log.
struct MLflowVariables {
    let doorway: Doorway
    let port: Int
    let token: String
    let experiment: String

    /// Variables any of which a job sets for a server of its own. It is left alone then.
    static let own = ["MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME"]

    /// What keeps the client from printing addresses that nobody can open, from reporting to its makers, and from
    /// complaining that an image has no git.
    private static let quiet = [
        ("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true"), ("MLFLOW_DISABLE_TELEMETRY", "true"),
        ("GIT_PYTHON_REFRESH", "quiet"),
    ]

    /// Sets the variables in a shell, where neither job nor image has set its own.
    var shellText: String {
        let isOwn = Self.own.map { "${\($0)+set}" }.joined()
        let others = Self.quiet.map { name, value in "export \(name)=\"${\(name)-\(value)}\"" }
        return """
            if [ -z "\(isOwn)" ]; then
            export MLFLOW_TRACKING_URI=\(ShellText.quoted("http://\(doorway.address):\(port)"))
            export MLFLOW_TRACKING_TOKEN=\(ShellText.quoted(token))
            if [ -z "${MLFLOW_EXPERIMENT_NAME+set}${MLFLOW_EXPERIMENT_ID+set}" ]; then
            export MLFLOW_EXPERIMENT_NAME=\(ShellText.quoted(experiment))
            fi
            \(others.joined(separator: "\n"))
            if [ -n "${http_proxy-}${HTTP_PROXY-}${all_proxy-}${ALL_PROXY-}" ]; then
            export no_proxy="${no_proxy-${NO_PROXY-}},\(doorway.address)"
            export NO_PROXY="$no_proxy"
            fi
            fi

            """
    }
}
