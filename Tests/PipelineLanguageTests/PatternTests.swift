@testable import PipelineLanguage
import Testing

@Suite("Patterns")
struct PatternTests {
    @Test(
        "match as RE2 does",
        arguments: [
            ("abc", "", "xabcx", true), ("^abc$", "", "abc", true), ("^abc$", "", "abc\n", false),
            ("^b$", "", "a\nb\nc", false), ("^b$", "m", "a\nb\nc", true), ("a.c", "", "a\nc", false),
            ("a.c", "s", "a\nc", true), ("ABC", "i", "xabc", true), ("(?i)abc", "", "ABC", true),
            ("a(?i:b)c", "", "aBc", true), ("a(?i:b)c", "", "aBC", false), ("a(?i)b|c", "", "C", true),
            ("(?i)a(?-i)b", "", "AB", false), ("a{2,3}b", "", "aaaab", true), ("^a{2,3}b", "", "aaaab", false),
            ("a{2", "", "a{2", true), ("x*", "", "", true), ("(a|b)*c", "", "ababc", true),
            (#"\bfoo\b"#, "", "a foo b", true),
            (#"\bfoo\b"#, "", "afoob", false), (#"\d{4}-\d\d"#, "", "2026-11", true), (#"\D"#, "", "123", false),
            ("[a-c]+$", "", "xxabc", true), ("[^a-c]", "", "abc", false), ("[]a]", "", "]", true),
            ("[a-]", "", "-", true),
            (#"[\d.]+$"#, "", "1.2", true), ("[[:upper:]]", "", "aB", true), ("[^[:alpha:]]", "", "ab", false),
            (#"\x41\x{42}"#, "", "AB", true), (#"\Qa.b\E"#, "", "a.b", true), (#"\Qa.b\E"#, "", "axb", false),
            (#"^\pL+$"#, "", "Grüße", true), (#"\p{Lu}"#, "", "abc", false), ("(?P<year>[0-9]+)", "", "7", true),
            ("a+?b", "", "aab", true), ("(?:)", "", "", true), ("a||b", "", "", true), ("é", "i", "É", true),
            (#"\A\w+\z"#, "", "word", true), (#"\."#, "", "a", false),
            ("^(?:a?){30}a{30}$", "", String(repeating: "a", count: 30), true),
        ])
    func matches(text: String, flags: String, subject: String, expected: Bool) throws {
        #expect(try Pattern(text, flags: flags).matches(subject, budget: MatchingBudget(1_000_000)) == expected)
    }

    @Test(
        "that RE2 does not take are refused with a reason",
        arguments: [
            ("(?=a)", "look-ahead"), ("(?<!a)b", "look-behind"), (#"(a)\1"#, "back references"), ("(a", "not closed"),
            ("a)", "a ) too many"), ("[a", "not closed"), ("*a", "nothing stands before"),
            ("a**", "repeats a repetition"),
            ("a{1001}", "above 1000"), ("a{3,2}", "count is wrong"), ("[z-a]", "upside down"),
            (#"\y"#, "means nothing"),
            ("a\\", "ends with a backslash"), ("[[:nope:]]", "not a class"), ("(?x)a", "not a flag"),
            (#"\p{Zyzzy}"#, "not supported"),
            ("(?", "not closed"), ("(?P<>a)", "name is wrong"),
        ])
    func refused(text: String, reason: String) {
        #expect {
            try Pattern(text)
        } throws: { error in
            (error as? PatternError)?.message.contains(reason) ?? false
        }
    }

    @Test("take time in proportion to pattern and text, and stop when their budget is spent")
    func bounded() throws {
        let text = String(repeating: "a", count: 5_000)
        let pattern = try Pattern("^(a|a|a)*(a*)*b$")
        #expect(pattern.matches(text, budget: MatchingBudget(200_000)) == false)
        #expect(pattern.matches(text, budget: MatchingBudget(1_000)) == nil)
    }
}

@Suite("Conditions")
struct ExpressionTests {
    private static let variables = ["SET": "value", "EMPTY": "", "PATTERN": "/^v.l/", "BLANK": "  "]

    @Test(
        "hold when GitLab says so",
        arguments: [
            ("$SET", true), ("$EMPTY", false), ("$UNSET", false), ("$BLANK", false), ("$SET == \"value\"", true),
            ("'value' == $SET", true), ("$UNSET == null", true), ("$EMPTY == null", false), ("$UNSET != null", false),
            ("$SET =~ /^VAL/i", true), ("$SET !~ /x/", true), ("$UNSET =~ /x/", false), ("$UNSET !~ /x/", true),
            ("$SET =~ $PATTERN", true), ("$SET =~ $UNSET", false), ("$SET !~ $UNSET", true),
            ("$UNSET || $SET && $EMPTY", false), ("($UNSET || $SET) && $SET", true), ("$SET == $SET && true", true),
            ("$EMPTY && \"text\"", true), ("null || $SET", true), ("$SET==\"value\"&&$SET!=\"x\"", true),
        ])
    func holds(text: String, expected: Bool) throws {
        let holds = try Expression(text).holds(budget: MatchingBudget(10_000)) { Self.variables[$0] }
        #expect(holds == expected)
    }

    @Test(
        "that are not written right are refused",
        arguments: [
            "", "$A ==", "== $A", "$A = 'x'", "!$A", "$A and $B", "${A}", "'open", "/open", "($A", "$A)", "$A $B", "$",
            "$A =~ /(/", "$A =~ /x/y", "word", String(repeating: "$A || ", count: 60) + "$A",
        ])
    func refused(text: String) {
        #expect(throws: PatternError.self) { try Expression(text) }
    }
}
