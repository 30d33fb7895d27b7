/// Replaces secrets in a stream of bytes by `[masked]`, wherever the stream is cut into pieces.
///
/// At every position the longest form that fits counts, and forms that overlap are hidden together, so that no end of
/// a secret shows beside another. Bytes that may still become a secret are held back, at most the longest form's
/// length. Where the stream is cut never changes the result.
public struct SecretMasker: Sendable {
    /// What stands in place of a secret.
    public static let replacement = "[masked]"

    /// The names of secrets that are too short to be hidden without hiding half the log. For a warning.
    public let tooShort: [String]

    /// Every form, first those that begin alike, the longer before the shorter.
    private let forms: [[UInt8]]
    /// By its first four bytes, where a form and those beginning alike stand in `forms`.
    private let starts: [UInt32: Range<Int>]
    /// A bit for every pair of bytes that a form begins with: nearly every position of a log is settled here.
    private let pairs: [UInt64]
    /// Whether a form begins with the byte.
    private let firstBytes: [Bool]

    /// Bytes that may be the beginning of a secret.
    private var held: [UInt8] = []
    /// How many of the held bytes a secret before them covers already.
    private var covered = 0

    /// Hides the values of the named secrets, in every form that `SecretForms` knows.
    public init(_ secrets: [(name: String, value: String)]) {
        var forms: Set<[UInt8]> = []
        var tooShort: [String] = []
        for secret in secrets {
            let found = SecretForms(of: secret.value).all
            if found.isEmpty { tooShort.append(secret.name) }
            forms.formUnion(found)
        }
        self.tooShort = tooShort
        let groups = Dictionary(grouping: forms) { form in form.withUnsafeBufferPointer { Self.start($0, at: 0) } }
        var ordered: [[UInt8]] = []
        var starts: [UInt32: Range<Int>] = [:]
        var pairs = [UInt64](repeating: 0, count: 1_024)
        var firstBytes = [Bool](repeating: false, count: 256)
        for (start, group) in groups {
            starts[start] = ordered.count..<(ordered.count + group.count)
            ordered += group.sorted { $0.count > $1.count }
            for form in group {
                let pair = Int(form[0]) << 8 | Int(form[1])
                pairs[pair >> 6] |= 1 << UInt64(pair & 63)
                firstBytes[Int(form[0])] = true
            }
        }
        self.forms = ordered
        self.starts = starts
        self.pairs = pairs
        self.firstBytes = firstBytes
    }

    /// Takes the next bytes of the stream, and gives what is certain by now.
    public mutating func push(_ bytes: [UInt8]) -> [UInt8] {
        if forms.isEmpty { return bytes }
        return mask(held.isEmpty ? bytes : held + bytes, isLast: false)
    }

    /// Ends the stream, and gives what was held back. The next bytes begin a new one.
    public mutating func finish() -> [UInt8] {
        let rest = mask(held, isLast: true)
        held = []
        covered = 0
        return rest
    }

    /// What is known at a position.
    private enum Finding {
        /// No secret begins here.
        case nothing
        /// A secret of that length does.
        case secret(Int)
        /// Only more bytes can tell.
        case undecided
    }

    private mutating func mask(_ bytes: [UInt8], isLast: Bool) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var position = 0
        var end = covered
        // The bytes from here on are shown, unless a secret covers them.
        var shown = covered
        bytes.withUnsafeBufferPointer { input in
            scan: while position < input.count {
                switch finding(in: input, at: position, isLast: isLast) {
                case .nothing: break
                case .undecided: break scan
                case .secret(let length):
                    if position >= end {
                        output.append(contentsOf: input[shown..<position])
                        output.append(contentsOf: Self.replacement.utf8)
                    }
                    end = max(end, position + length)
                    shown = end
                }
                position += 1
            }
            if shown < position { output.append(contentsOf: input[shown..<position]) }
        }
        held = Array(bytes[position...])
        covered = max(0, end - position)
        return output
    }

    @inline(__always)
    private func finding(in input: UnsafeBufferPointer<UInt8>, at position: Int, isLast: Bool) -> Finding {
        let left = input.count - position
        guard left >= 2 else {
            return !isLast && firstBytes[Int(input[position])] ? .undecided : .nothing
        }
        let pair = Int(input[position]) << 8 | Int(input[position + 1])
        guard pairs[pair >> 6] & (1 << UInt64(pair & 63)) != 0 else { return .nothing }
        guard left >= 4 else { return isLast ? .nothing : .undecided }
        guard let candidates = starts[Self.start(input, at: position)] else { return .nothing }
        for candidate in candidates {
            let form = forms[candidate]
            let compared = min(form.count, left)
            guard (0..<compared).allSatisfy({ form[$0] == input[position + $0] }) else { continue }
            if compared == form.count { return .secret(form.count) }
            if !isLast { return .undecided }
        }
        return .nothing
    }

    private static func start(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[position + $1]) }
    }
}
