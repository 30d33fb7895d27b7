import Foundation

/// Lines that change: rewritten in place on a terminal; elsewhere only lines that are new are appended.
struct LiveView {
    private let terminal: Terminal
    private let write: (String) -> Void
    private var drawn = 0
    private var appended: [String] = []

    init(on terminal: Terminal, write: @escaping (String) -> Void = { Output.write($0) }) {
        self.terminal = terminal
        self.write = write
    }

    /// Shows the lines as they are now. `events` are what to append where nothing can be rewritten.
    mutating func show(_ lines: [String], events: @autoclosure () -> [String]) {
        guard terminal.isInteractive else {
            for line in events() where !appended.contains(line) {
                write(line + "\n")
                appended.append(line)
            }
            return
        }
        // More lines than the window has cannot be reached again. The first answers the question and stays; of the
        // others those at the end change most.
        let room = max(2, terminal.height - 1)
        let fitting = lines.count > room ? lines.prefix(1) + lines.suffix(room - 1) : lines[...]
        var text = ""
        if drawn > 0 { text += "\u{1B}[\(drawn)A" }
        for line in fitting { text += "\r\u{1B}[2K\(line)\n" }
        if drawn > fitting.count { text += "\u{1B}[0J" }
        write(text)
        drawn = fitting.count
    }

    /// Takes the changing lines away, so that final ones can follow.
    mutating func clear() {
        if terminal.isInteractive, drawn > 0 { write("\u{1B}[\(drawn)A\r\u{1B}[0J") }
        drawn = 0
    }
}

/// The two ends that a command writes to.
enum Output {
    /// Writes to standard output.
    static func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }

    /// Writes a line to standard output.
    static func line(_ text: String = "") { write(text + "\n") }

    /// Writes lines to standard output.
    static func lines(_ lines: [String]) { if !lines.isEmpty { write(lines.joined(separator: "\n") + "\n") } }

    /// Writes a line to standard error.
    static func complaint(_ text: String) {
        let isUnicode = Terminal.showsUnicode(environment: ProcessInfo.processInfo.environment)
        FileHandle.standardError.write(Data(((isUnicode ? text : Terminal.plain(text)) + "\n").utf8))
    }
}
