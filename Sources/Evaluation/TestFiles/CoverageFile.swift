import PipelineModel

/// A file that says how much of the code tests reach, in Cobertura's or JaCoCo's form. Of all that is in it, the share of
/// lines of the whole is read.
public enum CoverageFile {
    /// How many bytes a file may have.
    public static let sizeLimit = 32 << 20

    /// The share of lines, in percent.
    /// - Throws: what is wrong with the file.
    public static func read(
        _ bytes: [UInt8], as format: CoverageFormat, path: String
    ) throws(UnreadableFile) -> Double {
        guard bytes.count <= sizeLimit else { throw UnreadableFile(path, "it is larger than \(sizeLimit >> 20) MiB") }
        var scanner = XMLScanner(bytes)
        do throws(XMLScanner.Malformed) {
            let found = try format == .cobertura ? cobertura(&scanner) : jacoco(&scanner)
            if let found { return found }
        } catch {
            throw UnreadableFile(path, error.reason)
        }
        throw UnreadableFile(path, "it says nothing of lines in the way of \(format.rawValue)")
    }

    /// `<coverage lines-covered="16" lines-valid="17" line-rate="0.94">`
    private static func cobertura(_ scanner: inout XMLScanner) throws(XMLScanner.Malformed) -> Double? {
        guard case .start("coverage", let attributes)? = try scanner.next() else { return nil }
        func number(_ key: String) -> Double? { attributes[key].flatMap { Double($0) } }
        if let covered = number("lines-covered"), let valid = number("lines-valid"), valid > 0 {
            return percent(covered, of: valid)
        }
        return number("line-rate").flatMap { percent($0, of: 1) }
    }

    /// `<report><counter type="LINE" missed="1" covered="16"/>`, where counters of packages stand deeper.
    private static func jacoco(_ scanner: inout XMLScanner) throws(XMLScanner.Malformed) -> Double? {
        var depth = 0
        while let event = try scanner.next() {
            switch event {
            case .start(let name, let attributes):
                if depth == 0, name != "report" { return nil }
                depth += 1
                guard depth == 2, name == "counter", attributes["type"] == "LINE",
                    let missed = attributes["missed"].flatMap({ Double($0) }),
                    let covered = attributes["covered"].flatMap({ Double($0) })
                else { continue }
                return percent(covered, of: missed + covered)
            case .end: depth -= 1
            case .text: continue
            }
        }
        return nil
    }

    private static func percent(_ part: Double, of whole: Double) -> Double? {
        let share = part / whole * 100
        return (0...100).contains(share) ? share : nil
    }
}
