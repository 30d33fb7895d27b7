import Mustache

/// The pages' templates, read once, with an escaping of our own.
struct PageLibrary: Sendable {
    /// Names of the templates.
    enum Name: String, CaseIterable {
        case frame, list, pipeline, job, jobPage, login, message

        var text: String {
            switch self {
            case .frame: FrameTemplate.text
            case .list: ListTemplate.text
            case .pipeline: PipelineTemplate.text
            case .job: JobTemplate.text
            case .jobPage: JobPageTemplate.text
            case .login: LoginTemplate.text
            case .message: MessageTemplate.text
            }
        }
    }

    /// Escapes by Unicode scalar. An escaping by letter would let a quote pass that carries a combining mark, and a
    /// browser still reads the quote.
    private struct Escaping: MustacheContentType {
        func escapeText(_ text: String) -> String { HTMLText.escaped(text) }
    }

    private static let escapingName = "PAWL"
    private let library: MustacheLibrary

    /// Reads every template.
    init() throws {
        MustacheContentTypes.register(Escaping(), named: Self.escapingName)
        var library = MustacheLibrary()
        for name in Name.allCases {
            try library.register("{{% CONTENT_TYPE:\(Self.escapingName)}}\n" + name.text, named: name.rawValue)
        }
        self.library = library
    }

    /// A template with its values filled in.
    func render(_ name: Name, _ values: some Sendable) -> String {
        library.render(values, withTemplate: name.rawValue) ?? ""
    }
}
