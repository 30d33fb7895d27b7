/// How a value looks in base64: alone, or anywhere within something longer that was encoded, as in `user:password`.
struct Base64Forms {
    /// Every form once, short ones included.
    let all: Set<[UInt8]>

    /// The usual widths at which encoders break lines: `base64` of coreutils, and PEM.
    private static let lineWidths = [76, 64]

    init(of value: [UInt8]) {
        var forms: Set<[UInt8]> = []
        for alphabet in ["+/", "-_"] {
            let digits = Array(
                ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + alphabet).utf8)
            let alone = Self.encode(value, before: 0, digits)
            forms.insert(alone)
            let padding = (4 - alone.count % 4) % 4
            forms.insert(alone + [UInt8](repeating: UInt8(ascii: "="), count: padding))
            for before in 0..<3 {
                let encoded = Self.encode(value, before: before, digits)
                // Only the digits whose six bits all come from the value are the same whatever stands beside it.
                let first = (8 * before + 5) / 6
                let end = 8 * (before + value.count) / 6
                guard first < end else { continue }
                forms.insert(Array(encoded[first..<end]))
            }
            for width in Self.lineWidths where alone.count > width {
                for start in stride(from: 0, to: alone.count, by: width) {
                    forms.insert(Array(alone[start..<min(start + width, alone.count)]))
                }
            }
        }
        all = forms
    }

    /// Encodes without padding, as if that many zero bytes stood before the value.
    private static func encode(_ value: [UInt8], before: Int, _ digits: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in [UInt8](repeating: 0, count: before) + value {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                encoded.append(digits[Int(bits >> UInt32(count)) & 63])
            }
        }
        if count > 0 { encoded.append(digits[Int(bits << UInt32(6 - count)) & 63]) }
        return encoded
    }
}
