import PipelineModel
import Testing

@Suite("Quantities as people write and read them")
struct QuantityTests {
    @Test(
        "durations have two units at most",
        arguments: [
            (180, "180 ms"), (2_149, "2.1 s"), (41_000, "41s"), (657_000, "10m 57s"), (10_920_000, "3h 02m"),
            (183_600_000, "2d 03h"),
        ])
    func durations(milliseconds: Int, text: String) {
        #expect(Duration.milliseconds(milliseconds).text == text)
    }

    @Test(
        "memory is read in Docker's and in decimal units",
        arguments: [
            ("512", 512), ("2k", 2_048), ("40GiB", 40 << 30), ("1.5 GB", 1_500_000_000), ("64m", 64 << 20),
        ] as [(String, Int64)])
    func sizes(text: String, bytes: Int64) {
        #expect(ByteCount(parsing: text)?.bytes == bytes)
    }

    @Test("what is no size is none", arguments: ["", "GiB", "-1", "1e400", "4 pints", "1.2.3", "99999999999t"])
    func noSizes(text: String) {
        #expect(ByteCount(parsing: text) == nil)
    }
}
