import Foundation
import Subprocess
import Testing

/// A browser without a window, and a Python with a Markdown library: what a person sees of a text, found out.
enum Browser {
    /// What a page shows.
    struct Sight: Decodable {
        /// All text that is visible or can be unfolded.
        var text: String
        /// Whether something reaches beyond the window's right edge.
        var overflows: Bool
        /// How many pictures, scripts and frames it has.
        var images: Int, scripts: Int
        /// Where its links lead.
        var links: [String]
        /// How many blocks of Mermaid's it has, and how many parts that unfold.
        var charts: Int, folded: Int
    }

    private static let environment = ProcessInfo.processInfo.environment
    private static let program =
        environment["PAWL_CHROMIUM"]
        ?? ["chromium", "chromium-browser", "google-chrome"].map { "/usr/bin/\($0)" }
        .first(where: FileManager.default.isExecutableFile) ?? ""
    private static let python: String = {
        let cache =
            environment["PAWL_CACHE"] ?? (environment["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache") + "/pawl"
        return environment["PAWL_PEERS"] ?? cache + "/peers/bin/python3"
    }()

    static let isThere =
        FileManager.default.isExecutableFile(atPath: program) && FileManager.default.isExecutableFile(atPath: python)

    /// Markdown as a forge renders it, in a style like GitHub's.
    static func rendered(_ markdown: String) async throws -> String {
        let script = """
            import sys
            from markdown_it import MarkdownIt
            print(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(sys.stdin.read()))
            """
        let result = try await Subprocess.run(
            .path(.init(python)), arguments: ["-c", script], input: .string(markdown), output: .string(limit: 4 << 20),
            error: .string(limit: 100_000))
        #expect(result.terminationStatus.isSuccess, "\(result.standardError)")
        return """
            <!doctype html><meta charset="utf-8"><style>
            body { margin: 0 auto; padding: 16px; max-width: 830px; font: 14px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
            code, pre { font: 12px ui-monospace, "DejaVu Sans Mono", monospace; background: #f0f2f4; border-radius: 6px; }
            code { padding: .2em .4em; white-space: break-spaces; } pre { padding: 16px; overflow: auto; } pre code { padding: 0; white-space: pre; }
            table { display: block; width: max-content; max-width: 100%; overflow: auto; border-collapse: collapse; }
            th, td { border: 1px solid #d1d9e0; padding: 6px 13px; } ul { padding-left: 2em; }
            </style><body>\(result.standardOutput)
            """
    }

    /// Opens a page in a window of 900 pixels and looks at it. With `PAWL_SCREENSHOTS`, a picture is left in that folder.
    static func look(at page: String, named name: String) async throws -> Sight {
        let folder = NSTemporaryDirectory() + "pawl-browser-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let looking = """
            <script id="looking">addEventListener("load", () => {
              const folds = document.querySelectorAll("details"); folds.forEach(fold => fold.open = true);
              const root = document.documentElement;
              const sight = {text: document.body.innerText, overflows: root.scrollWidth > root.clientWidth,
                images: document.querySelectorAll("img, svg, iframe, object").length,
                scripts: document.querySelectorAll("script:not(#looking), [onerror], [onload]").length,
                links: [...document.querySelectorAll("a[href]")].map(link => link.getAttribute("href")),
                charts: document.querySelectorAll("code.language-mermaid").length, folded: folds.length};
              const bytes = new TextEncoder().encode(JSON.stringify(sight));
              document.title = "sight:" + btoa(String.fromCharCode(...bytes)) + ":end";
            });</script>
            """
        try Data(page.utf8).write(to: URL(filePath: folder + "/plain.html"))
        try Data((page + looking).utf8).write(to: URL(filePath: folder + "/page.html"))
        let dump = try await run(["--dump-dom", "file://\(folder)/page.html"], in: folder)
        if let place = environment["PAWL_SCREENSHOTS"] {
            _ = try await run(["--screenshot=\(place)/\(name).png", "file://\(folder)/plain.html"], in: folder)
        }
        let coded = try #require(dump.firstMatch(of: /sight:([A-Za-z0-9+\/=]+):end/)?.1)
        return try JSONDecoder().decode(Sight.self, from: try #require(Data(base64Encoded: String(coded))))
    }

    private static func run(_ arguments: [String], in folder: String) async throws -> String {
        let usual = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--user-data-dir=\(folder)/profile", "--window-size=900,1600", "--virtual-time-budget=2000",
        ]
        let result = try await Subprocess.run(
            .path(.init(program)), arguments: Arguments(usual + arguments), output: .string(limit: 16 << 20),
            error: .discarded)
        return result.standardOutput
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips where there is no browser.
    static var needsBrowser: Self {
        .enabled(if: Browser.isThere, "needs Chromium (scripts/install-packages --tests) and scripts/peers")
    }
}
