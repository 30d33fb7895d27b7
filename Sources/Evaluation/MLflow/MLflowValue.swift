/// A value of an answer, to be written as JSON the way Protocol Buffers do it: what is no finite number is a text.
indirect enum MLflowValue: ExpressibleByStringLiteral, ExpressibleByArrayLiteral {
    case text(String)
    case integer(Int64)
    case number(Double)
    case list([MLflowValue])
    case object(KeyValuePairs<String, MLflowValue>)
    /// Nothing: an entry with it is left out.
    case absent

    init(stringLiteral text: String) { self = .text(text) }
    init(arrayLiteral values: MLflowValue...) { self = .list(values) }

    /// An answer that says nothing more than that it was done.
    static let nothing = MLflowValue.object([:])

    /// The value as JSON.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .text(let text): Self.write(text, to: &bytes)
        case .integer(let number): bytes += Array("\(number)".utf8)
        case .number(let number) where number.isFinite: bytes += Array("\(number)".utf8)
        case .number(let number):
            Self.write(number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity", to: &bytes)
        case .list(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let entries):
            bytes.append(UInt8(ascii: "{"))
            var isFirst = true
            for entry in entries {
                if case .absent = entry.value { continue }
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                Self.write(entry.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                entry.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        case .absent: bytes += Array("null".utf8)
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case ..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
