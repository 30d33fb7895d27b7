import PipelineModel
import Testing

@Suite struct MonthTests {
    @Test(
        "a moment lies in its month of UTC, leap years and times before 1970 included",
        arguments: [
            (0, "1970-01"), (-1, "1969-12"), (951_782_399_999, "2000-02"), (951_868_799_999, "2000-02"),
            (951_868_800_000, "2000-03"), (1_709_251_199_999, "2024-02"), (1_709_251_200_000, "2024-03"),
            (1_796_083_199_999, "2026-11"), (1_796_083_200_000, "2026-12"), (1_798_761_600_000, "2027-01"),
            (4_107_542_400_000, "2100-03"), (4_107_542_399_999, "2100-02"),
        ] as [(Int64, String)])
    func moments(milliseconds: Int64, text: String) {
        #expect(Month(of: Timestamp(milliseconds: milliseconds)).description == text)
        #expect(Month(text)?.description == text)
    }

    @Test("December is followed by January")
    func next() throws {
        #expect(try #require(Month("2026-12")).next.description == "2027-01")
        #expect(try #require(Month("2026-12")) < #require(Month("2027-01")))
    }

    @Test(
        "anything else is no month",
        arguments: ["", "2026", "2026-13", "2026-00", "26-11", "2026-1", "2026-11-01", "+026-11"])
    func wrong(text: String) { #expect(Month(text) == nil) }
}
