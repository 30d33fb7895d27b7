import Foundation
import PipelineModel

/// Reads a value that must not be seen: from standard input, without echo where a person types.
enum SecretInput {
    /// The longest value, in bytes.
    private static let limit = 1 << 20

    /// Reads the whole of standard input, or one line where a person types it.
    ///
    /// The end of the last line is not part of a value, but for a file it is kept.
    static func read(prompt: String, isFile: Bool) throws -> Redacted {
        let isTyped = isatty(STDIN_FILENO) == 1
        let text = isTyped ? try typed(prompt) : try piped()
        let value = isFile && !isTyped ? text : withoutLastLineEnd(text)
        guard !value.isEmpty else {
            throw CommandFailure(.usage, "the value is empty.  printf %s \"$VALUE\" | pawl secret set …")
        }
        return Redacted(value)
    }

    private static func piped() throws -> String {
        var data = Data()
        while let part = try FileHandle.standardInput.read(upToCount: 64 << 10), !part.isEmpty {
            data += part
            guard data.count <= limit else { throw CommandFailure(.usage, "the value is longer than 1 MiB") }
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw CommandFailure(.usage, "the value is not text in UTF-8.  Encode it first: base64 < file")
        }
        return text
    }

    private static func typed(_ prompt: String) throws -> String {
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else {
            throw CommandFailure(.usage, "the terminal cannot hide what is typed; pipe the value in instead")
        }
        FileHandle.standardError.write(Data(prompt.utf8))
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        return readLine() ?? ""
    }

    private static func withoutLastLineEnd(_ text: String) -> String {
        text.last?.isNewline == true ? String(text.dropLast()) : text
    }
}
