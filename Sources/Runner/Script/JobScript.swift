import JobLogs
import PipelineModel

/// The shell scripts of a job, as GitLab means them.
///
/// `before_script` and `script` are one script in one shell, which ends at the first command that fails. `after_script`
/// is another, in a shell of its own. Both run in bash where the image has it.
struct JobScript {
    let job: PlannedJob
    let afterScriptTimeout: Duration

    /// Runs the job. It stands beside the other files, and is what the container starts.
    ///
    /// Both outputs are one from here on: an engine takes two as they come, and would mix up what was said when.
    /// As the container's first process it would ignore a request to end, so it passes one on to all that runs.
    var run: String {
        """
        exec 2>&1
        here=${0%/*}
        . "$here/env"
        shell=sh
        if command -v bash >/dev/null 2>&1; then shell=bash; fi
        child=
        stopping=
        stop() {
            trap '' TERM
            stopping=1
            if [ $$ -eq 1 ]; then kill -TERM -1; elif [ -n "$child" ]; then kill -TERM "$child"; fi 2>/dev/null
        }
        finish() {
            wait "$child"
            code=$?
            while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
        }
        trap stop TERM
        "$shell" "$here/script" </dev/null &
        child=$!
        finish
        if [ -n "$stopping" ]; then exit 143; fi
        \(afterScript)
        exit "$code"

        """
    }

    private var afterScript: String {
        guard !job.afterScript.isEmpty else { return "" }
        return """
            result=$code
            if [ "$result" -eq 0 ]; then CI_JOB_STATUS=success; else CI_JOB_STATUS=failed; fi
            export CI_JOB_STATUS
            printf '%s\\n' \(ShellText.quoted(LastLine.afterMark + "\u{1B}[0m"))
            "$shell" "$here/after_script" </dev/null &
            child=$!
            ( sleep \(max(1, afterScriptTimeout.wholeSeconds)) && kill -TERM "$child" && sleep 5 && kill -KILL "$child"
            ) </dev/null >/dev/null 2>&1 &
            guard=$!
            finish
            kill "$guard" 2>/dev/null
            if [ "$code" -ne 0 ]; then
                printf '%s\\n' "after_script ended with $code, which does not change the job's result"
            fi
            if [ -n "$stopping" ]; then exit 143; fi
            code=$result
            """
    }

    /// The commands that decide whether the job passes.
    var script: String { Self.text(of: job.beforeScript + job.script) }

    /// The commands that run afterwards.
    var after: String { Self.text(of: job.afterScript) }

    private static func text(of commands: [String]) -> String {
        let head = """
            set -e
            if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi

            """
        return head + commands.map { "printf '%s\\n' \(ShellText.quoted(announcement(of: $0)))\n\($0)\n" }.joined()
    }

    /// A command as the log repeats it before it runs.
    private static func announcement(of command: String) -> String {
        let lines = command.split(whereSeparator: \.isNewline)
        let first = lines.first.map(String.init) ?? ""
        return LastLine.commandMark + first + (lines.count > 1 ? " # collapsed multi-line command" : "") + "\u{1B}[0m"
    }
}
