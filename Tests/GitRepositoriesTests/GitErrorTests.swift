import Testing

@testable import GitRepositories

@Suite("what git's complaints mean")
struct GitErrorTests {
    @Test(
        "an outage is transient, a refused login is not, and numbers or names that happen to be there tell neither",
        arguments: [
            ("fatal: unable to access 'http://f.test/a.git/': The requested URL returned error: 403", .unauthorized),
            ("error: RPC failed; HTTP 401 curl 22 The requested URL returned error: 401", .unauthorized),
            ("fatal: Authentication failed for 'https://f.test/a.git/'", .unauthorized),
            (
                "fatal: could not read Username for 'https://f.test': terminal prompts disabled", .unauthorized
            ),
            (
                "git@f.test: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                .unauthorized
            ),
            (
                "fatal: unable to access 'http://f.test:8401/': Failed to connect to f.test port 8401 after 403 ms: "
                    + "Couldn't connect to server", .unreachable
            ),
            ("fatal: unable to access 'https://f.test/ml/exp-403.git/': Could not resolve host: f.test", .unreachable),
            ("fatal: unable to access 'https://f.test/a.git/': The requested URL returned error: 503", .unreachable),
            ("fatal: unable to access 'https://f.test/a.git/': The requested URL returned error: 429", .unreachable),
            ("fatal: the remote end hung up unexpectedly\nfatal: early EOF", .unreachable),
            ("fatal: repository 'https://f.test/authentication failed/401.git/' not found", .failed),
            ("fatal: bad object 4034010000000000000000000000000000000403", .commitNotFound),
            ("error: couldn't find remote ref refs/pull/403/head", .commitNotFound),
            ("error: unable to write file weights-401.bin", .noRoom),
            ("error: cannot update ref 'refs/heads/a': couldn't write '/m/a.git/./refs/heads/a.lock'", .noRoom),
            ("fatal: write error: No space left on device", .noRoom),
            ("error: Unable to create '/m/a.git/refs/heads/a.lock': File exists.", .damaged),
            ("error: cannot lock ref 'refs/heads/main': is at 4034 but expected 4033", .damaged),
            ("fatal: bad tree object 4034\nerror: /r/bare.git did not send all necessary objects", .damaged),
            ("fatal: bad object 4034\nerror: /r/bare.git did not send all necessary objects", .damaged),
            ("error: unable to read tree object", .failed),
            ("error: file 'no space left on device' is not there", .failed),
        ] as [(String, GitError.Code)])
    func meaning(complaint: String, code: GitError.Code) {
        let outcome = GitCommand.Outcome(code: 128, output: [], complaint: complaint + "\n")
        #expect(GitError(reading: outcome, of: "fetch").code == code)
    }
}
