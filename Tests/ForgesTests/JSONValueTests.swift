import Forges
import Testing

@Suite("JSON of strangers")
struct JSONValueTests {
    @Test("a text is read and written again without loss")
    func roundTrip() throws {
        let text = #"{"a":[1,-2,0.5,true,false,null],"b":{"c":"é 漢 🎉 \" \\ / \u0001"},"n":9223372036854775807}"#
        let value = try JSONValue(parsing: text.utf8)
        #expect(value["a"]?.elements?.count == 6)
        #expect(value["b"]?["c"]?.text == "é 漢 🎉 \" \\ / \u{1}")
        #expect(value["n"]?.whole == .max)
        #expect(try JSONValue(parsing: value.bytes) == value)
    }

    @Test(
        "numbers keep their kind",
        arguments: [
            ("0", JSONValue.integer(0)), ("-0", .integer(0)), ("1e2", .number(100)), ("1.0", .number(1)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)),
        ])
    func numbers(text: String, expected: JSONValue) throws { #expect(try JSONValue(parsing: text.utf8) == expected) }

    @Test("escapes are read, a half of a pair becomes the replacement character")
    func escapes() throws {
        #expect(try JSONValue(parsing: #""\u00e9\n\ud83c\udf89""#.utf8) == "é\n🎉")
        #expect(try JSONValue(parsing: #""\ud83cx""#.utf8) == "\u{FFFD}x")
        #expect(try JSONValue(parsing: #""\ud83c\u0041""#.utf8) == "\u{FFFD}A")
    }

    @Test(
        "what is no JSON is refused",
        arguments: [
            "", " ", "{", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "01", "1.", "-", "+1", "1e", "1e999", "nul",
            "true false", "\"", "\"\\", "\"\\u12", "\"\\u+123\"", "\"\\x\"", "\"\n\"", "[1]]", "'a'", "NaN",
        ])
    func broken(text: String) {
        #expect(throws: JSONValue.SyntaxError.self) { try JSONValue(parsing: text.utf8) }
    }

    @Test("bytes that are no UTF-8 are refused")
    func encoding() {
        #expect(throws: JSONValue.SyntaxError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
        #expect(throws: JSONValue.SyntaxError.self) { try JSONValue(parsing: [0xFF, 0xFE]) }
    }

    @Test("depth is bounded before it costs anything", arguments: ["[", "{\"a\":"])
    func depth(opening: String) throws {
        let limit = JSONValue.depthLimit
        let closing = opening == "[" ? "]" : "}"
        func nested(_ depth: Int) -> String {
            String(repeating: opening, count: depth) + "1" + String(repeating: closing, count: depth)
        }
        _ = try JSONValue(parsing: nested(limit - 1).utf8)
        let error = #expect(throws: JSONValue.SyntaxError.self) { try JSONValue(parsing: nested(limit).utf8) }
        #expect(error?.message.contains("deeper than 64") == true)
        #expect(throws: JSONValue.SyntaxError.self) { try JSONValue(parsing: nested(1_000_000).utf8) }
    }

    @Test("a text of very many values is refused")
    func count() {
        let text = "[" + String(repeating: "0,", count: JSONValue.countLimit) + "0]"
        #expect(throws: JSONValue.SyntaxError.self) { try JSONValue(parsing: text.utf8) }
    }
}
