import Configuration
import Foundation
import PipelineModel

/// Reads typed values by key, and collects what is wrong instead of stopping at the first.
final class SettingsReader {
    /// The folder of the settings file, from the root: relative paths in it are meant from here, and are handed to git
    /// and the Engine, for which another folder is the current one.
    let folder: String
    /// What was wrong so far, each naming its key.
    private(set) var problems: [String] = []
    private let config: ConfigReader

    init(config: ConfigReader, folder: String) {
        self.config = config
        self.folder = folder
    }

    /// Notes something wrong.
    func problem(_ text: String) { problems.append(text) }

    /// A text; empty counts as absent.
    func string(_ key: String) -> String? {
        let name = ConfigKey(key)
        let text = config.string(forKey: name) ?? config.int(forKey: name).map(String.init)
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A list of texts.
    func list(_ key: String) -> [String] { config.stringArray(forKey: ConfigKey(key)) ?? [] }

    /// A whole number within bounds.
    func int(_ key: String, in bounds: ClosedRange<Int>) -> Int? {
        guard let text = string(key) else { return nil }
        guard let number = Int(text), bounds.contains(number) else {
            problem("\(key) is \"\(text)\".  Write a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
            return nil
        }
        return number
    }

    /// A number above 0.
    func double(_ key: String) -> Double? {
        guard let text = string(key) ?? config.double(forKey: ConfigKey(key)).map({ "\($0)" }) else { return nil }
        guard let number = Double(text), number > 0, number.isFinite else {
            problem("\(key) is \"\(text)\".  Write a number above 0")
            return nil
        }
        return number
    }

    /// Yes or no.
    func bool(_ key: String) -> Bool? {
        let name = ConfigKey(key)
        if let value = config.bool(forKey: name) { return value }
        guard let text = config.string(forKey: name) else { return nil }
        problem("\(key) is \"\(text)\".  Write true or false")
        return nil
    }

    /// An amount of memory or storage.
    func size(_ key: String) -> ByteCount? {
        guard let text = string(key) else { return nil }
        guard let size = ByteCount(parsing: text) else {
            problem("\(key) is \"\(text)\".  Write a size such as 512MiB or 8GiB")
            return nil
        }
        return size
    }

    /// One of a few words.
    func choice(_ key: String, of words: [String]) -> String? {
        guard let text = string(key) else { return nil }
        guard words.contains(text) else {
            problem("\(key) is \"\(text)\".  Write one of \(words.joined(separator: ", "))")
            return nil
        }
        return text
    }

    /// An http or https URL, without slashes at its end.
    func url(_ key: String) -> String? {
        guard var text = string(key) else { return nil }
        guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
            problem("\(key) is \"\(text)\".  Write a URL that begins with https:// or http://")
            return nil
        }
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }

    /// A path; a relative one is meant from the settings file's folder.
    func path(_ key: String) -> String? {
        string(key).map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
    }

    /// The trimmed content of a file that holds a secret.
    func secretFile(_ key: String) -> Redacted? {
        guard let path = path(key) else { return nil }
        guard let text = try? String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8) else {
            problem("\(key) names \(path), which cannot be read")
            return nil
        }
        let trimmed = text.trimmingSpaces
        if trimmed.isEmpty { problem("\(key) names \(path), which is empty") }
        return Redacted(trimmed)
    }
}
