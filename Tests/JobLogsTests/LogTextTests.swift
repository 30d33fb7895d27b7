import JobLogs
import Testing

@Suite("the text of a log")
struct LogTextTests {
    private func collapsed(_ pieces: [String]) -> String {
        var collapser = CarriageReturnCollapser()
        return text(pieces.flatMap { collapser.push(Array($0.utf8)) } + collapser.finish())
    }

    private func filtered(_ pieces: [String]) -> String {
        var filter = ControlSequenceFilter()
        return text(pieces.flatMap { filter.push(Array($0.utf8)) } + filter.finish())
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Every way to cut a text in two.
    private func cuts(_ text: String) -> [[String]] {
        let scalars = Array(text.unicodeScalars)
        func string(_ part: ArraySlice<Unicode.Scalar>) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: part)
            return String(view)
        }
        return (0...scalars.count).map { [string(scalars[..<$0]), string(scalars[$0...])] }
    }

    @Test(
        "of a line written over and over the last state stays",
        arguments: [
            ("10%\r20%\r30%\ndone\n", "30%\ndone\n"), ("a\r\nb\r\n", "a\nb\n"), ("x\r\r\ny", "x\ny"),
            ("\r 1/2\r 2/2", " 2/2"), ("plain", "plain"), ("10%\r", "10%"),
        ])
    func collapse(text: String, expected: String) {
        for pieces in cuts(text) { #expect(collapsed(pieces) == expected) }
    }

    @Test("a line too long for a progress bar passes whole, however it is cut")
    func longLines() {
        let long = String(repeating: "x", count: CarriageReturnCollapser.lineLimit + 100)
        let whole = collapsed([long + "\rend\n"])
        #expect(whole == long + "\nend\n")
        for cut in [1, CarriageReturnCollapser.lineLimit, CarriageReturnCollapser.lineLimit + 50, long.utf8.count + 1] {
            let pieces = [String((long + "\rend\n").prefix(cut)), String((long + "\rend\n").dropFirst(cut))]
            #expect(collapsed(pieces) == whole)
        }
    }

    @Test("someone who follows sees a progress bar's state, each on a line of its own")
    func follow() {
        var collapser = CarriageReturnCollapser()
        #expect(text(collapser.push(Array("10%\r20%".utf8))) == "")
        #expect(text(collapser.flush()) == "20%")
        #expect(text(collapser.flush()) == "")
        #expect(text(collapser.push(Array("\r30%\r40%".utf8))) == "\n")
        #expect(text(collapser.flush()) == "40%")
        #expect(text(collapser.push(Array(" done\n".utf8))) == " done\n")
    }

    @Test(
        "colours stay, and what commands a terminal goes",
        arguments: [
            ("\u{1B}[32;1mgreen\u{1B}[0m", "\u{1B}[32;1mgreen\u{1B}[0m"), ("\u{1B}]0;title\u{07}text", "text"),
            ("\u{1B}]8;;https://evil\u{1B}\\link\u{1B}]8;;\u{1B}\\", "link"), ("a\u{1B}[2Jb\u{1B}[1;1Hc", "abc"),
            ("bell\u{07} back\u{08} null\u{00}\t.", "bell back null\t."), ("\u{1B}]0;never ended\nnext", "\nnext"),
            ("\u{1B}(Btext\u{1B}c", "text"), ("50%\u{1B}[1G60%", "50%\r60%"), ("\u{9B}31mé\u{85}ü", "31méü"),
            ("\u{1B}[?25lx\u{1B}[>4;2mx", "xx"), ("\u{1B}P1;2|payload\u{1B}\\y", "y"),
            ("\u{1B}\u{1B}[31mz", "\u{1B}[31mz"),
        ])
    func controls(text: String, expected: String) {
        for pieces in cuts(text) { #expect(filtered(pieces) == expected) }
    }

    @Test("the last line that says something is the summary, without colours, commands and after_script")
    func summary() {
        var last = LastLine()
        for piece in [
            "\u{1B}[32;1m$ pytest\u{1B}[0m\n", "14 \u{1B}[1mpassed\u{1B}[0m", " in 2 s\n\n  \n\u{1B}[32;1m$ true\n",
        ] {
            last.push(Array(piece.utf8))
        }
        #expect(last.text == "14 passed in 2 s")
        last.push(Array((LastLine.afterMark + "\u{1B}[0m\nbye\n").utf8))
        #expect(last.text == "14 passed in 2 s")
        var long = LastLine()
        long.push(Array(String(repeating: "y", count: 500).utf8))
        #expect(long.text?.count == 120)
    }
}
