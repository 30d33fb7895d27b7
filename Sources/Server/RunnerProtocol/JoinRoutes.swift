import Hummingbird
import NIOCore
import PipelineModel

/// What a machine needs that is to become a runner: a script that everybody may read, and the server's own program for
/// whoever has a token.
struct JoinRoutes: Sendable {
    let program: ServerProgram
    let gate: RunnerGate
    /// The address that others reach the server under; nil takes the one it was asked under.
    let publicURL: String?

    /// Adds `/join` and `/runner/v1/binary`.
    func add<Context: RemoteAddressRequestContext>(to router: some RouterMethods<Context>) {
        router.get("/join") { request, _ in script(for: request) }
        router.get(RouterPath(RunnerProtocol.prefix + "/binary")) { request, context in
            do {
                _ = try await gate.joinToken(request, from: context.remoteAddress?.ipAddress ?? "local")
                return binary()
            } catch {
                guard let refusal = RunnerRefusal(telling: error) else { throw error }
                return refusal.response
            }
        }
    }

    private func script(for request: Request) -> Response {
        guard let server = publicURL ?? Self.address(request.head.authority) else {
            return Response(status: .badRequest)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/x-shellscript; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: JoinScript.text(server: server))))
    }

    private func binary() -> Response {
        let program = program
        return .download(named: "pawl", size: program.size) { writer in
            try await program.pieces { try await writer.write(ByteBuffer(bytes: $0)) }
        }
    }

    /// The address of a request's own server. It goes into a script, so that it may hold nothing but a host and a port.
    static func address(_ authority: String?) -> String? {
        guard let authority, (1...255).contains(authority.utf8.count),
            authority.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || ".:-[]".contains($0)) })
        else { return nil }
        return "http://\(authority)"
    }
}

/// The script that makes a machine a runner.
enum JoinScript {
    /// The script for a server, whose address has no quotes in it.
    static func text(server: String) -> String {
        #"""
        #!/bin/sh
        # Makes this machine a runner of the Pawl server named below. As root:  sh join TOKEN [options of pawl runner join]
        # The token's last part is the SHA-256 of the server's own program, which is fetched and used for nothing else.
        set -eu
        server='\#(server)'
        token=${1:?usage: sh join TOKEN [options of pawl runner join]}
        shift
        program=${PAWL_PROGRAM:-/usr/local/bin/pawl}
        config=${PAWL_RUNNER_CONFIG:-/etc/pawl/runner.yml}

        wanted=${token##*.}
        case $wanted in *[!0-9a-f]*) wanted= ;; esac
        [ ${#wanted} -eq 64 ] || { echo "join: the token names no program; copy it whole" >&2; exit 2; }

        part=$(mktemp "$program.XXXXXX")
        trap 'rm -f "$part"' EXIT
        # The token goes in through a pipe: arguments can be seen by everybody on the machine.
        printf 'header = "Authorization: Bearer %s"\n' "$token" |
            curl -fsS --config - -o "$part" "$server/runner/v1/binary" ||
            { echo "join: $server does not give its program; the token may have expired" >&2; exit 1; }
        echo "$wanted  $part" | sha256sum -c - >/dev/null 2>&1 ||
            { echo "join: the program is not the one that the token names; nothing was installed" >&2; exit 1; }
        chmod 755 "$part"
        "$part" version >/dev/null ||
            { echo "join: it does not start: apt-get install git libcurl4 libarchive13 libsqlite3-0 libssl3" >&2; exit 1; }
        mv "$part" "$program"

        printf '%s' "$token" | "$program" runner join - --server "$server" --config "$config" "$@"
        if [ -d /run/systemd/system ] && [ -e /etc/systemd/system/pawl-runner.service ]; then
            systemctl daemon-reload
            systemctl enable --now pawl-runner
        fi

        """#
    }
}
