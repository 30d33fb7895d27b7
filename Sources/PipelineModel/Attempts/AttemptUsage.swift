/// What an attempt used: time, processors, memory, GPUs, bytes. Times are whole milliseconds.
///
/// A runner says what only it can know; how long the attempt lasted and what that comes to in GPU time is bounded by the
/// server's own clock and record.
public struct AttemptUsage: Hashable, Codable, Sendable {
    /// How long it lasted, from the runner's start with it to its end.
    public var wallMs: Int64
    /// Processor time of its container, all processors together; nil where it could not be measured.
    public var cpuMs: Int64?
    /// The most memory its container had at once, file cache included; nil where it could not be measured.
    public var peakMemory: ByteCount?
    /// How long it had GPUs for itself, all of them together.
    public var gpuMs: Int64
    /// Bytes of artifacts and checkpoints that it brought to the server.
    public var uploaded: ByteCount
    /// Bytes of artifacts and checkpoints that it fetched.
    public var downloaded: ByteCount
    /// Bytes of its log.
    public var log: ByteCount
    /// The energy that its GPUs took, in joules; nil where it was not measured.
    public var energyJ: Int64?
    /// What it costs by the server's tariff when it ended; nil where there was none.
    public var cost: Cost?

    /// Counts what was used.
    public init(
        wallMs: Int64 = 0, cpuMs: Int64? = nil, peakMemory: ByteCount? = nil, gpuMs: Int64 = 0,
        uploaded: ByteCount = .init(bytes: 0), downloaded: ByteCount = .init(bytes: 0),
        log: ByteCount = .init(bytes: 0),
        energyJ: Int64? = nil, cost: Cost? = nil
    ) {
        self.wallMs = wallMs
        self.cpuMs = cpuMs
        self.peakMemory = peakMemory
        self.gpuMs = gpuMs
        self.uploaded = uploaded
        self.downloaded = downloaded
        self.log = log
        self.energyJ = energyJ
        self.cost = cost
    }

    /// Reads what is there: what is missing was not used or not measured.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func bytes(_ key: CodingKeys) throws -> ByteCount {
            try container.decodeIfPresent(ByteCount.self, forKey: key) ?? ByteCount(bytes: 0)
        }
        self.init(
            wallMs: try container.decodeIfPresent(Int64.self, forKey: .wallMs) ?? 0,
            cpuMs: try container.decodeIfPresent(Int64.self, forKey: .cpuMs),
            peakMemory: try container.decodeIfPresent(ByteCount.self, forKey: .peakMemory),
            gpuMs: try container.decodeIfPresent(Int64.self, forKey: .gpuMs) ?? 0,
            uploaded: try bytes(.uploaded), downloaded: try bytes(.downloaded), log: try bytes(.log),
            energyJ: try container.decodeIfPresent(Int64.self, forKey: .energyJ),
            cost: try container.decodeIfPresent(Cost.self, forKey: .cost))
    }

    /// The usage with times and amounts that can be: none below nothing, and nothing longer than the attempt lasted by the
    /// server's clock. GPU time is the server's own reckoning.
    /// - Parameters:
    ///   - lasted: from the acknowledgement to the end, by the server's clock.
    ///   - gpus: how many GPUs went with the attempt.
    public func bounded(lasted: Duration, gpus: Int) -> AttemptUsage {
        var bounded = self
        let longest = min(max(lasted.wholeMilliseconds, 0), 1 << 45)
        bounded.wallMs = min(max(wallMs, 0), longest)
        // A machine has no more processors than that.
        bounded.cpuMs = cpuMs.map { min(max($0, 0), longest * 4_096) }
        bounded.peakMemory = peakMemory.map(Self.bounded)
        bounded.gpuMs = bounded.wallMs * Int64(gpus)
        bounded.uploaded = Self.bounded(uploaded)
        bounded.downloaded = Self.bounded(downloaded)
        bounded.log = Self.bounded(log)
        // No device takes more than two kilowatts.
        bounded.energyJ = gpus == 0 ? nil : energyJ.map { min(max($0, 0), bounded.gpuMs * 2) }
        // What it costs is the server's own reckoning, and comes after this.
        bounded.cost = nil
        return bounded
    }

    private static func bounded(_ amount: ByteCount) -> ByteCount {
        ByteCount(bytes: min(max(amount.bytes, 0), 1 << 50))
    }

    /// GPU time in hours.
    public var gpuHours: Double { Double(gpuMs) / 3_600_000 }

    /// Energy in kilowatt-hours; nil where it was not measured.
    public var kilowattHours: Double? { energyJ.map { Double($0) / 3_600_000 } }

    /// What several used together; nil of none.
    public static func sum(_ all: [AttemptUsage]) -> AttemptUsage? {
        all.first.map { all.dropFirst().reduce($0, +) }
    }

    /// What two used together; the greater of their peaks of memory.
    public static func + (left: Self, right: Self) -> Self {
        func sum(_ left: Int64?, _ right: Int64?) -> Int64? {
            left == nil && right == nil ? nil : (left ?? 0) + (right ?? 0)
        }
        return AttemptUsage(
            wallMs: left.wallMs + right.wallMs, cpuMs: sum(left.cpuMs, right.cpuMs),
            peakMemory: [left.peakMemory, right.peakMemory].compactMap { $0 }.max(), gpuMs: left.gpuMs + right.gpuMs,
            uploaded: ByteCount(bytes: left.uploaded.bytes + right.uploaded.bytes),
            downloaded: ByteCount(bytes: left.downloaded.bytes + right.downloaded.bytes),
            log: ByteCount(bytes: left.log.bytes + right.log.bytes), energyJ: sum(left.energyJ, right.energyJ),
            cost: cost(left.cost, right.cost))
    }

    /// Two amounts together; amounts of two currencies have no sum.
    private static func cost(_ left: Cost?, _ right: Cost?) -> Cost? {
        guard let left, let right else { return left ?? right }
        guard left.currency == right.currency else { return nil }
        return Cost(millionths: left.millionths + right.millionths, currency: left.currency)
    }
}
