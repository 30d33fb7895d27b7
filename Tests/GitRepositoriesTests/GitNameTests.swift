import Testing

@testable import GitRepositories

@Suite("Which names are handed to git")
struct GitNameTests {
    @Test(
        "refs that git itself would refuse, or take for an option, are refused",
        arguments: [
            "main", "--upload-pack=touch", "refs/heads/a..b", "refs/heads/a b", "refs/heads/a\nb", "refs/heads/",
            "refs/heads/x.lock", "refs/heads/a~1", "refs/heads/.hidden", "refs/heads/@{u}",
            "refs/heads/" + String(repeating: "x", count: 1_000_000),
        ])
    func hostileRefs(ref: String) { #expect(!GitName.isRef(ref)) }

    @Test("usual refs pass", arguments: ["refs/heads/main", "refs/heads/ö/-x", "refs/pull/7/head", "refs/tags/v1.0"])
    func refs(ref: String) { #expect(GitName.isRef(ref)) }

    @Test(
        "addresses with a login, an option or an unknown scheme are refused",
        arguments: [
            "https://user:pw@forge.test/a", "ext::sh -c id", "-oProxyCommand=id", "ssh://-oProxyCommand=id/x", "",
            "fd::17", "https://forge.test/a\nb",
        ])
    func hostileAddresses(address: String) { #expect(!GitName.isAddress(address)) }

    @Test(
        "usual addresses pass",
        arguments: ["https://forge.test/ml/churn.git", "/srv/git/churn.git", "ssh://git@forge.test/ml/churn"])
    func addresses(address: String) { #expect(GitName.isAddress(address)) }
}
