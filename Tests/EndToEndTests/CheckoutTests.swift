import Forges
import Foundation
import TestSupport
import Testing

@Suite("what a job finds", .needsDocker, .timeLimit(.minutes(10)))
struct CheckoutTests {
    @Test("a job's checkout has its private submodules", arguments: [ForgeKind.github, .gitlab])
    func checkout(on kind: ForgeKind) async throws {
        try await Self.checkOutSubmodule(on: try await Site.shared(kind))
    }

    /// A project whose submodule is another private project of the same forge: a job sees its files.
    /// - Parameter tags: what the job asks of its runner.
    static func checkOutSubmodule(on site: Site, tags: String = "[]") async throws {
        let library = try await Project("finds/library", on: site, isAdded: false)
        _ = try await library.push(["lib.txt": "from the library"], message: "Add [skip ci]")
        let project = try await Project("finds/whole", on: site)
        try await project.git("-c", "http.extraHeader=", "submodule", "--quiet", "add", library.remote, "library")
        // What is committed names the other repository without a credential.
        try await project.git(
            "config", "--file", ".gitmodules", "submodule.library.url", site.forge.cloneURL(library.path))
        let commit = try await project.push([
            ".pawl.yml": """
            test:
              tags: \(tags)
              variables: {GIT_SUBMODULE_STRATEGY: recursive}
              script:
                - cat library/lib.txt
                - git --version || echo "no git in this image"
            """
        ])
        #expect(try await project.ended(commit)["pawl/push/test"] == .success)
        #expect(try await project.log("test", of: commit).contains("from the library"))
    }

    @Test(
        "a job reaches neither the server nor the forge on its host", .needsRoot,
        arguments: [ForgeKind.github, .gitlab])
    func fence(on kind: ForgeKind) async throws {
        let site = try await Site.shared(kind)
        let project = try await Project("finds/fence", on: site)
        let port = site.address.split(separator: ":").last ?? ""
        let commit = try await project.push([
            ".pawl.yml": """
            probe:
              script:
                - ip route
                - gateway=$(ip route | awk '/default/ {print $3}')
                - echo "gateway $gateway"
                - test -n "$gateway"
                - if wget -q -T 2 -O - "http://$gateway:\(port)/api/health"; then echo REACHED; exit 1; fi
                - if wget -q -T 2 -O - http://169.254.169.254/; then echo REACHED; exit 1; fi
                - if grep -v ' lo$' /proc/net/if_inet6; then echo REACHED by IPv6; exit 1; fi
                - echo fenced off
            """
        ])
        #expect(try await project.ended(commit)["pawl/push/probe"] == .success)
        let log = try await project.log("probe", of: commit)
        #expect(log.contains("gateway 10.2") && log.contains("fenced off") && !log.contains("\nREACHED"))
    }
}
