import Server
import Testing

@Suite struct ANSITextTests {
    @Test("a log reads the same wherever it is cut")
    func cuts() {
        let log = Array("a\u{1B}[1;31mred\u{1B}[0m \u{1B}]0;title\u{7}é🦊\u{1B}[2J\u{1B}[38;5;2mgreen\u{1B}(B\r\n".utf8)
        func read(cutAt cut: Int) -> [ANSIText.Piece] {
            var text = ANSIText()
            return (text.take(Array(log[..<cut])) + text.take(Array(log[cut...]))).reduce(into: []) { pieces, piece in
                if let last = pieces.last, last.style == piece.style {
                    pieces[pieces.count - 1].text += piece.text
                } else {
                    pieces.append(piece)
                }
            }
        }
        let whole = read(cutAt: 0)
        #expect(whole.map(\.text) == ["a", "red", " é🦊", "green\n"])
        #expect(whole[1].style.codes == "1;31" && whole[3].style.codes == "32" && whole[0].style.isPlain)
        for cut in 1..<log.count { #expect(read(cutAt: cut) == whole, "cut at \(cut)") }
    }

    @Test(
        "no sequence but a colour reaches whoever reads",
        arguments: [
            "\u{1B}[2J", "\u{1B}[10;10H", "\u{1B}]8;;http://x\u{1B}\\", "\u{1B}P+q\u{1B}\\", "\u{7}\u{8}\u{0}",
            "\u{1B}c",
            "\u{1B}[?1049h", "\u{7F}", "\u{1B}[\u{1B}[0m",
        ])
    func dropped(_ sequence: String) {
        var text = ANSIText()
        #expect(text.take(Array((sequence + "x").utf8)).map(\.text).joined() == "x")
    }
}
