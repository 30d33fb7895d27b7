/// What a file's header says of one of its inputs.
struct InputDeclaration {
    /// What an input's value may be.
    enum Kind: String, CaseIterable {
        case string, number, boolean, array

        /// Whether a value is of this kind. Numbers and booleans in quotes are texts, as in GitLab.
        func fits(_ node: Node) -> Bool {
            switch (self, node.content, node.scalar?.kind) {
            case (.array, .sequence, _), (.string, _, .string), (.boolean, _, .bool), (.number, _, .integer),
                (.number, _, .float):
                true
            default: false
            }
        }
    }

    var name: String
    /// Where the header names it.
    var span: SourceSpan
    var kind = Kind.string
    /// Its value where none is given; nil for one that has to be given.
    var fallback: Node?
    /// What it may be, or of a list each of its entries; nil for anything.
    var options: [Node]?
    /// What a text must match, with what was written.
    var pattern: (program: Pattern, written: String)?
}
