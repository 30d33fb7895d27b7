import JobLogs
import PipelineModel

/// The shell scripts of a job, as GitLab means them.
///
/// `before_script` and `script` are one script in one shell, which ends at the first command that fails. `after_script`
/// is another, in a shell of its own. Both run in bash where the image has it.
struct JobScript {
    let job: PlannedJob
    let afterScriptTimeout: Duration
    /// Where the container has the job's secrets of kind file; nil where it has none.
    var filesFolder: String?

    /// Runs the job. It stands beside the other files, and is what the container starts.
    ///
    /// Both outputs are one from here on: an engine takes two as they come, and would mix up what was said when.
    ///
    /// A request to end reaches this shell alone: it passes it on to every process of the container, and waits for them.
    /// A script's shell ends at once when asked to, and what it runs in the foreground may still be saving its work.
    /// Its variables have names of their own, for the job's are read into the same shell.
    var run: String {
        """
        exec 2>&1
        _pawl_here=${0%/*}
        . "$_pawl_here/env"
        _pawl_shell=sh
        if command -v bash >/dev/null 2>&1; then _pawl_shell=bash; fi
        _pawl_child=
        _pawl_stopping=
        _pawl_stop() {
            trap '' TERM
            _pawl_stopping=1
            if [ "$_pawl_here" = \(ScriptFolder.target) ]; then
                kill -TERM -1
            elif [ -n "$_pawl_child" ]; then
                kill -TERM "$_pawl_child"
            fi 2>/dev/null
        }
        _pawl_finish() {
            wait "$_pawl_child"
            _pawl_code=$?
            while kill -0 "$_pawl_child" 2>/dev/null; do wait "$_pawl_child"; _pawl_code=$?; done
            if [ -z "$_pawl_stopping" ]; then return; fi
            if [ "$_pawl_here" = \(ScriptFolder.target) ]; then while kill -0 -1 2>/dev/null; do sleep 1; done; fi
            exit 143
        }
        trap _pawl_stop TERM
        \(privateFiles)
        "$_pawl_shell" "$_pawl_here/script" </dev/null &
        _pawl_child=$!
        _pawl_finish
        \(afterScript)
        exit "$_pawl_code"

        """
    }

    /// Programs such as ssh refuse a key that others may read, and scripts change the mode of theirs: the job's user gets
    /// copies of its own, in the container's memory.
    private var privateFiles: String {
        guard let filesFolder else { return "" }
        let folder = ShellText.quoted(filesFolder)
        return """
            trap 'rm -rf \(filesFolder)' EXIT
            if ! ( umask 077 && mkdir \(folder) && cp "$_pawl_here"/files/* \(folder) ); then
                echo "The job's secrets of kind file cannot be laid into the container's memory, \(filesFolder)"
                exit 1
            fi
            """
    }

    private var afterScript: String {
        guard !job.afterScript.isEmpty else { return "" }
        return """
            _pawl_result=$_pawl_code
            if [ "$_pawl_result" -eq 0 ]; then CI_JOB_STATUS=success; else CI_JOB_STATUS=failed; fi
            export CI_JOB_STATUS
            printf '%s\\n' \(ShellText.quoted(LastLine.afterMark + "\u{1B}[0m"))
            "$_pawl_shell" "$_pawl_here/after_script" </dev/null &
            _pawl_child=$!
            ( sleep \(max(1, afterScriptTimeout.wholeSeconds)) && kill -TERM "$_pawl_child" && sleep 5 &&
                kill -KILL "$_pawl_child" ) </dev/null >/dev/null 2>&1 &
            _pawl_guard=$!
            _pawl_finish
            kill "$_pawl_guard" 2>/dev/null
            if [ "$_pawl_code" -ne 0 ]; then
                printf '%s\\n' "after_script ended with $_pawl_code, which does not change the job's result"
            fi
            _pawl_code=$_pawl_result
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
