/// The way of a job's output from its container to the stored log: control sequences out, carriage returns collapsed,
/// secrets masked, the middle of a long log left out.
///
/// Masking comes after the two that join what stood apart, so that nothing they join can show a secret. The runner's
/// own lines go the same way through `note`.
public struct LogPipeline: Sendable {
    private var filter = ControlSequenceFilter()
    private var collapser = CarriageReturnCollapser()
    private var masker: SecretMasker
    private var lastLine = LastLine()
    private var bound: LogBound
    private var endsLine = true

    /// A pipeline at the beginning of a log.
    /// - Parameters:
    ///   - masker: hides the job's secrets.
    ///   - limit: how many bytes of log are kept.
    public init(masker: SecretMasker, limit: Int) {
        self.masker = masker
        bound = LogBound(limit: limit)
    }

    /// The last line of output that says something, masked; for a status text.
    public var summary: String? { lastLine.text }

    /// Takes the next bytes of output, and gives what can be stored of them.
    public mutating func push(_ bytes: [UInt8]) -> [UInt8] { output(masker.push(collapser.push(filter.push(bytes)))) }

    /// Gives what stands on an unfinished line now, for those who follow. Meant for every few seconds, not for every
    /// piece: each call may keep a state of a progress bar in the log.
    public mutating func flush() -> [UInt8] { output(masker.push(collapser.flush())) }

    /// Adds a line of the runner's own, after what came before it. It may quote what strangers wrote, so it goes
    /// through the filter and the masker as well.
    public mutating func note(_ text: String) -> [UInt8] {
        var bytes = interrupt()
        if !endsLine { bytes += own([0x0A]) }
        var filter = ControlSequenceFilter()
        let line = (filter.push(Array(text.utf8)) + filter.finish()).filter { $0 != 0x0D }
        return bytes + own(masker.push(line + [0x0A]) + masker.finish())
    }

    /// Ends the log, and gives the rest of it.
    public mutating func finish() -> [UInt8] { interrupt() + bound.finish() }

    /// Lets out all that is held back before something that is not its continuation.
    private mutating func interrupt() -> [UInt8] {
        let rest = collapser.push(filter.finish()) + collapser.finish()
        return output(masker.push(rest) + masker.finish())
    }

    private mutating func output(_ bytes: [UInt8]) -> [UInt8] {
        lastLine.push(bytes)
        return own(bytes)
    }

    private mutating func own(_ bytes: [UInt8]) -> [UInt8] {
        guard let last = bytes.last else { return [] }
        endsLine = last == 0x0A
        return bound.push(bytes)
    }
}
