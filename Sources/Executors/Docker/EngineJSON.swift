import FoundationEssentials

/// The engine's JSON, whose keys are spelled like Go's exported fields: `OOMKilled` here is `oomKilled` in Swift.
enum EngineJSON {
    /// Writes a body. The engine takes keys in any case, so that only the first letter has to be put up. Keys of
    /// dictionaries, labels among them, stay as they are.
    static func encode(_ body: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .custom { path in
            let key = path[path.count - 1].stringValue
            return Key(key.prefix(1).uppercased() + key.dropFirst())
        }
        return try encoder.encode(body)
    }

    /// Reads an answer.
    static func decode<Answer: Decodable>(_ type: Answer.Type, from body: [UInt8]) throws -> Answer {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { path in Key(lowered(path[path.count - 1].stringValue)) }
        return try decoder.decode(type, from: Data(body))
    }

    /// Puts the capitals that a name begins with down, but for the one that begins its second word.
    private static func lowered(_ name: String) -> String {
        let capitals = name.prefix { $0.isUppercase }
        let rest = name.dropFirst(capitals.count)
        let beginsSecondWord = capitals.count > 1 && !rest.isEmpty
        let head = beginsSecondWord ? capitals.dropLast() : capitals
        return head.lowercased() + capitals.dropFirst(head.count) + rest
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ text: String) { stringValue = text }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }
}
