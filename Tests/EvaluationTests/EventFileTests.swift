import PipelineModel
import Testing

@testable import Evaluation

@Suite("event files")
struct EventFileTests {
    /// Records as the writers of TensorBoard, PyTorch and TensorFlow make them.
    private enum Sample {
        static let version = "1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d"
        static let torch = "1a00000000000000129bd82d0900004040fc54d94110072a0d0a0b0a046c6f7373150000003f368fc084"
        static let torchNew =
            "0900004040fc54d94110072a1f0a1d0a046c6f7373420808012a040000003f4a0b0a090a077363616c617273"
        static let tensorFlow =
            "0900004040fc54d94110072a210a1f0a046c6f7373420a0801120022040000003f4a0b0a090a077363616c617273"
    }

    private func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.utf8.count, by: 2).map { offset in
            let start = hex.index(hex.startIndex, offsetBy: offset)
            return UInt8(hex[start..<hex.index(start, offsetBy: 2)], radix: 16) ?? 0
        }
    }

    private func record(_ data: [UInt8]) -> [UInt8] {
        func little(_ number: UInt64, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(number >> (8 * $0) & 0xFF) } }
        let length = little(UInt64(data.count), 8)
        return length + little(UInt64(CRC32C.masked(length)), 4) + data + little(UInt64(CRC32C.masked(data)), 4)
    }

    /// Reads a file that gives a few bytes at a time.
    private func series(_ file: [UInt8], piece: Int = 7) throws -> EventSeries {
        var series = EventSeries()
        var rest = file[...]
        try series.add(path: "events.out.tfevents.1") { _ in
            defer { rest = rest.dropFirst(piece) }
            return Array(rest.prefix(piece))
        }
        return series
    }

    private let loss = [Curve(name: "loss", points: [.init(step: 7, value: 0.5)])]

    @Test("a checksum is masked as TensorFlow masks it")
    func checksum() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(record(bytes("0900000040fc54d9411a0d627261696e2e4576656e743a32")) == bytes(Sample.version))
    }

    @Test("scalars of PyTorch's two styles and of TensorFlow", arguments: [Sample.torchNew, Sample.tensorFlow])
    func tensors(event: String) throws {
        #expect(try series(bytes(Sample.version) + record(bytes(event))).curves == loss)
    }

    @Test("a simple value")
    func simpleValue() throws { #expect(try series(bytes(Sample.version + Sample.torch)).curves == loss) }

    @Test("a file that is cut anywhere is read as far as it goes, without a remark")
    func cut() throws {
        let file = bytes(Sample.version + Sample.torch)
        for length in 0..<file.count {
            let series = try series(Array(file.prefix(length)), piece: 64)
            #expect(series.curves.isEmpty && series.remarks.isEmpty)
        }
    }

    @Test("a damaged record is left out, a damaged length ends the file")
    func damage() throws {
        var file = bytes(Sample.torch) + bytes(Sample.torch)
        file[20] ^= 1
        #expect(try series(file).curves == loss)
        #expect(try series(file).remarks == ["events.out.tfevents.1: 1 damaged records are left out"])
        file[0] ^= 1
        #expect(try series(file).curves.isEmpty)
        #expect(try series(file).remarks.first?.contains("length is damaged") == true)
    }

    @Test("a length that lies asks for no memory, and what is large is read over")
    func large() throws {
        func head(_ length: UInt64) -> [UInt8] {
            let bytes = (0..<8).map { UInt8(length >> (8 * $0) & 0xFF) }
            let mask = CRC32C.masked(bytes)
            return bytes + (0..<4).map { UInt8(mask >> (8 * $0) & 0xFF) }
        }
        #expect(try series(head(.max) + bytes(Sample.torch)).curves.isEmpty)
        #expect(try series(head(1 << 35) + bytes(Sample.torch)).curves.isEmpty)
        let picture = head(3 << 20) + [UInt8](repeating: 0, count: 3 << 20 + 4)
        #expect(try series(picture + bytes(Sample.torch), piece: 100_000).curves == loss)
    }

    @Test("a session that begins anew makes void what was written from its step on")
    func resumed() throws {
        func scalar(_ step: UInt8, _ value: UInt8) -> [UInt8] {
            // step, then summary{value{tag "a", simple_value}} with value as 2^n.
            record([0x10, step, 0x2A, 0x0A, 0x0A, 0x08, 0x0A, 0x01, 0x61, 0x15, 0, 0, value, 0x40])
        }
        let start = record([0x10, 2, 0x3A, 0x02, 0x08, 0x01])
        let series = try series(scalar(1, 0) + scalar(2, 0) + scalar(3, 0) + start + scalar(2, 0x80))
        #expect(
            series.curves == [Curve(name: "a", points: [.init(step: 1, value: 2), .init(step: 2, value: 4)])])
    }

    @Test("any bytes in a record are read without harm")
    func garbage() throws {
        var state: UInt64 = 1
        for _ in 0..<2_000 {
            let data = (0..<40).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
            _ = try series(record(data) + bytes(Sample.torch), piece: 200)
        }
        #expect(try series(bytes(Sample.torch)).curves == loss)
    }
}
