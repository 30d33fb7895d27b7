import PipelineLanguage
import PipelineModel
import Testing

@Suite("Damaged pipeline files")
struct MutationTests {
    /// Files that between them use every keyword, so that damage reaches every reader.
    private static let seeds = [
        """
        stages: [build, test]
        variables: {A: {value: x, options: [x, y], description: d}, B: $A, C: 010, D: {value: "$B", expand: false}}
        default: {image: "python:3", before_script: [pip install .], retry: {max: 1, when: [api_failure]}, tags: [a]}
        workflow: {name: "n $A", rules: [{if: '$CI_COMMIT_BRANCH =~ /^ma[i-n]{1,2}(?i:N)?$/m', variables: {W: w}}]}
        .t: &t {script: [one, [two, three]], timeout: 1h 30m, artifacts: {paths: [a/**], exclude: [b], expire_in: 1 week}}
        build: {<<: *t, stage: build, environment: {name: review/$A, url: "https://x", on_stop: stop}}
        stop: {stage: build, script: x, when: manual, environment: {name: review/$A, action: stop}}
        test:
          extends: [.t]
          needs: [{job: build, optional: true, artifacts: false}]
          dependencies: [build]
          rules:
            - {changes: {paths: ["src/**/*.{py,[a-c]?s}"]}, exists: ["**/x"], when: always, allow_failure: true}
            - {if: '($A == "x" || $B != null) && $C !~ /^\\d+\\/x$/U', needs: [build]}
          allow_failure: {exit_codes: [1, 2]}
          ml: {gpus: 1, memory: 4GiB, gate: {f1: &up {want: higher, tolerance: 1e-3}, auc: *up}}
          after_script: [!reference [.t, script], !reference [variables, B]]
          inherit: {default: [image], variables: false}
        """,
        """
        include: [a.yml, {local: /b/*.yml, rules: [{if: $A, when: never}]}]
        job:
          script:
            - |
              echo "multi line"   # *not an alias, &not an anchor
            - >-
              folded
            - 'it''s'
            - "tab\\t\\u00e9"
          image: {name: x, entrypoint: [""], pull_policy: [always, never]}
          interruptible: yes
        """,
    ]

    private static let pieces = [
        "[", "]", "{", "}", ":", ": ", "- ", "*t", "&t ", "!reference ", "<<: ", "\n", "  ", "\t", "\"", "'", "|", ">",
        "#", "?",
        "? ", "---\n", "...\n", "%", "@", "`", "$", "/", "\\", "(", ")", "null", "~", "true", "99999999999999999999",
        "-1",
        "1e999", "\u{0}", "\u{FEFF}", "é", "🦊", "\u{2028}", "!!binary ", "!<x> ", "extends: ", "needs: ", "rules: ",
        "ml: ",
    ]

    @Test("undamaged they are planned")
    func undamaged() throws {
        var context = Planning.push
        context.tree = ["x"]
        #expect(try Planning.plan(Self.seeds[0], context).jobs.map(\.name) == ["build", "stop", "test"])
        let others = ["a.yml": "a: {script: x}"]
        #expect(try Planning.plan(Self.seeds[1], others: others).jobs.map(\.name) == ["a", "job"])
    }

    @Test("are planned or refused, and bring nothing down", arguments: 0..<8)
    func damaged(round: Int) {
        var random = Dice(state: UInt64(round) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        var context = Planning.push
        context.changedFiles = ["src/a.py"]
        context.tree = ["b/c.yml", "x"]
        for _ in 0..<250 {
            let text = Self.damage(Self.seeds[random.below(Self.seeds.count)], &random)
            let others: [String: SourceFile] = [
                "a.yml": .text(Self.damage(Self.seeds[0], &random)), "b/c.yml": .text("c: {script: x}"),
            ]
            let files = others.merging([".pawl.yml": .text(text)]) { $1 }
            switch Planner().plan(file: ".pawl.yml", files: files, context: context) {
            case .refused(let found): #expect(found.contains { $0.severity == .error }, "\(text)")
            case .planned(let plan): #expect(!plan.jobs.isEmpty, "\(text)")
            case .nothing, .needsFiles: break
            }
        }
    }

    private static func damage(_ seed: String, _ random: inout Dice) -> String {
        var scalars = Array(seed.unicodeScalars)
        for _ in 0...random.below(6) {
            let place = random.below(scalars.count + 1)
            switch random.below(4) {
            case 0: scalars.removeSubrange(place..<min(scalars.count, place + 1 + random.below(12)))
            case 1:
                let start = random.below(scalars.count + 1)
                let copy = scalars[start..<min(scalars.count, start + random.below(40))]
                scalars.insert(contentsOf: Array(copy), at: place)
            default: scalars.insert(contentsOf: Array(pieces[random.below(pieces.count)].unicodeScalars), at: place)
            }
            if scalars.isEmpty { scalars = ["x"] }
        }
        return scalars.reduce(into: "") { $0.unicodeScalars.append($1) }
    }

    /// Numbers that look random and are the same in every run.
    private struct Dice {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(max(1, bound)))
        }
    }
}
