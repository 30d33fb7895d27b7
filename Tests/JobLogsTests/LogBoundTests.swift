import JobLogs
import Testing

@Suite("a log within its limit")
struct LogBoundTests {
    private func bounded(_ pieces: [[UInt8]], limit: Int) -> String {
        var bound = LogBound(limit: limit)
        return String(decoding: pieces.flatMap { bound.push($0) } + bound.finish(), as: UTF8.self)
    }

    private let lines = (1...1_000).map { "line \($0) é\n" }.joined()

    @Test("a log within the limit stays as it is")
    func small() {
        #expect(bounded([Array("short\n".utf8)], limit: 100) == "short\n")
        #expect(bounded([Array("0123456789".utf8)], limit: 20) == "0123456789")
    }

    @Test("the first and the last half stay, and what is missing is counted to the byte")
    func headAndTail() throws {
        let output = bounded([Array(lines.utf8)], limit: 400)
        #expect(output.hasPrefix("line 1 é\n"))
        #expect(output.hasSuffix("line 999 é\nline 1000 é\n"))
        let own = output.split(separator: "\n").filter { $0.hasPrefix("\u{1B}[0m…") || $0.hasPrefix("…") }
        let left = try #require(own.last.flatMap { Int($0.filter(\.isNumber).dropFirst()) })
        #expect(own.count == 2)
        let added = own.map { $0.utf8.count + 1 }.reduce(0, +)
        // The note in the middle of a line ends that line and puts colours back, which adds five bytes.
        #expect(abs(output.utf8.count - added + left - lines.utf8.count) <= 5)
    }

    @Test("where the stream is cut makes no difference")
    func cuts() {
        let bytes = Array(lines.utf8.prefix(900))
        let whole = bounded([bytes], limit: 300)
        for cut in 0...bytes.count {
            #expect(bounded([Array(bytes[..<cut]), Array(bytes[cut...])], limit: 300) == whole)
        }
        #expect(bounded(bytes.map { [$0] }, limit: 300) == whole)
    }

    @Test("of a large limit all but 8 MiB is beginning: no more of a log is held in memory")
    func longestEnd() {
        var bound = LogBound(limit: 40 << 20)
        let piece = [UInt8](repeating: 0x2e, count: 32 << 20)
        #expect(bound.push(piece).count == piece.count)
        #expect(bound.push(piece).count < 200)
        let end = bound.finish().count
        #expect(((8 << 20)...(8 << 20) + 200).contains(end))
    }

    @Test("memory stays within twice the limit however long the log gets")
    func memory() {
        var bound = LogBound(limit: 1_000)
        let piece = Array(lines.utf8)
        var output = 0
        for _ in 0..<200 { output += bound.push(piece).count }
        output += bound.finish().count
        #expect(output < 1_300)
    }
}

@Suite("the way of a job's output")
struct LogPipelineTests {
    @Test("a secret is masked though control sequences and carriage returns stand around it, in the runner's lines too")
    func order() {
        var pipeline = LogPipeline(masker: SecretMasker([("TOKEN", "hunter22")]), limit: 10_000)
        var log = pipeline.note("Pawl with hunter22")
        log += pipeline.push(Array("x\rhun\u{1B}]0;t\u{07}ter2".utf8))
        log += pipeline.push(Array("2\nnext hun".utf8))
        log += pipeline.note("failed: hunter22")
        log += pipeline.finish()
        #expect(
            String(decoding: log, as: UTF8.self) == "Pawl with [masked]\n[masked]\nnext hun\nfailed: [masked]\n")
        #expect(pipeline.summary == "next hun")
    }

    @Test("a line of the runner's own that quotes a stranger cannot command a terminal")
    func hostileNote() {
        var pipeline = LogPipeline(masker: SecretMasker([]), limit: 10_000)
        let log = pipeline.note("job \u{1B}]0;title\u{07}\u{1B}[2Jte\rst") + pipeline.finish()
        #expect(String(decoding: log, as: UTF8.self) == "job test\n")
    }

    @Test("a flush shows an unfinished line without showing the beginning of a secret")
    func flush() {
        var pipeline = LogPipeline(masker: SecretMasker([("TOKEN", "hunter22")]), limit: 10_000)
        #expect(pipeline.push(Array("epoch 1 hunt".utf8)).isEmpty)
        #expect(String(decoding: pipeline.flush(), as: UTF8.self) == "epoch 1 ")
        #expect(String(decoding: pipeline.push(Array("er22\n".utf8)), as: UTF8.self) == "[masked]\n")
    }
}
