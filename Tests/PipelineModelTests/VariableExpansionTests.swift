import PipelineModel
import Testing

@Suite("Variables that refer to each other")
struct VariableExpansionTests {
    @Test(
        "references are replaced by GitLab's rules",
        arguments: [
            ("plain", "plain"), ("$A", "a"), ("${A}b", "ab"), ("$$A", "$A"), ("$MISSING.", "."), ("$B", "a-b"),
            ("$", "$"), ("${", "${"), ("${A", "${A"), ("$1", "$1"), ("100% $A", "100% a"), ("$RAW", "$A"),
        ])
    func references(text: String, expected: String) {
        let expansion = VariableExpansion([
            Variable("A", "a"), Variable("B", "$A-b"), Variable("RAW", "$A", expands: false),
        ])
        #expect(expansion.expand(text) == expected)
    }

    @Test("the later of two variables with one name wins, wherever it is mentioned")
    func precedence() {
        let expansion = VariableExpansion([Variable("A", "old"), Variable("B", "$A"), Variable("A", "new")])
        #expect(expansion["B"] == "new")
        #expect(expansion.all.map(\.name) == ["A", "B"])
    }

    @Test("a circle of references ends, and leaves the reference as written")
    func circle() {
        let expansion = VariableExpansion([Variable("A", "1$B"), Variable("B", "2$A")])
        #expect(expansion["A"] == "12$A")
    }

    @Test("references that double at every step stay within bounds", .timeLimit(.minutes(1)))
    func doubling() {
        for leaf in ["", "x"] {
            let names = (0..<40).map { "V\($0)" }
            let variables =
                [Variable("V0", leaf)]
                + zip(names.dropFirst(), names).map { Variable($0, "$\($1)$\($1)") }
            let value = VariableExpansion(variables)["V39"] ?? ""
            #expect(value.utf8.count <= VariableExpansion.limit)
        }
    }
}
