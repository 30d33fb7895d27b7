import PipelineModel
import Testing

@Suite("Commands in comments")
struct CommentCommandTests {
    private static let commit = String(repeating: "7fd1a60b", count: 5)

    @Test(
        "are read from the first line that begins with /pawl",
        arguments: [
            ("/pawl retry", .retry(job: nil)), ("/pawl retry failed", .retry(job: nil)),
            ("/pawl retry train seed 3 \r", .retry(job: "train seed 3")),
            ("Looks noisy.\n\n/pawl more-seeds 5\n/pawl retry", .moreSeeds(5, node: nil)),
            ("/pawl  more-seeds  12  train", .moreSeeds(12, node: "train")),
            ("/pawl override hotfix for the outage", .override(reason: "hotfix for the outage")),
            ("/pawl approve \(commit.uppercased())", .approve(commit: commit)),
            ("```\n/pawl retry\n```\n/pawl retry lint", .retry(job: "lint")),
        ] as [(String, CommentCommand)])
    func read(comment: String, command: CommentCommand) { #expect(CommentCommand(comment: comment) == command) }

    @Test(
        "are not what is quoted, shown as code, or only begins alike",
        arguments: [
            "", "fine", "> /pawl retry", " /pawl retry", "/pawlish retry", "please /pawl retry",
            "~~~\n/pawl retry\n~~~",
            "| `/pawl retry failed` | does |",
        ])
    func none(comment: String) { #expect(CommentCommand(comment: comment) == nil) }

    @Test(
        "that are not whole say what to write",
        arguments: [
            ("/pawl", "there are"), ("/pawl deploy", "there are"), ("/pawl more-seeds", "how many"),
            ("/pawl more-seeds 0", "how many"), ("/pawl more-seeds many", "how many"),
            ("/pawl more-seeds 100000000000000000000", "how many"), ("/pawl override  ", "why"),
            ("/pawl approve", "whole id"), ("/pawl approve 7fd1a60", "whole id"), ("/pawl approve main", "whole id"),
        ])
    func unclear(comment: String, advice: String) {
        guard case .unclear(let words)? = CommentCommand(comment: comment) else {
            Issue.record("\(String(describing: CommentCommand(comment: comment)))")
            return
        }
        #expect(words.contains(advice))
    }
}
