import NIOConcurrencyHelpers
import PipelineModel

/// Adds up the energy that an attempt's GPUs take, from what they draw at one moment after another.
///
/// Between two readings the mean of both counts; after the last one, that one. A device that does not tell what it draws
/// leaves a hole, and what has holes is not told: too little would look like thrift.
struct EnergyMeter: Sendable {
    private let devices: [String]
    private var last: (watts: Double, at: Duration)?
    private var sum = 0.0
    private var isWhole = true

    /// Measures devices by their own names.
    init(devices: [String]) { self.devices = devices }

    /// The energy in joules until the last reading; nil where it is not known.
    var joules: Int64? { isWhole && last != nil ? Int64(min(sum, 1e15).rounded()) : nil }

    /// Takes a reading: what each device draws, in watts.
    mutating func note(_ watts: [String: Double], at moment: Duration) {
        let drawn = devices.compactMap { watts[$0] }.filter { $0.isFinite && $0 >= 0 }
        guard drawn.count == devices.count, !devices.isEmpty else { return isWhole = false }
        let total = drawn.reduce(0, +)
        if let last { sum += (last.watts + total) / 2 * (moment - last.at).seconds }
        last = (total, moment)
    }

    /// Ends at a moment.
    mutating func finish(at moment: Duration) {
        guard let last else { return }
        sum += last.watts * max(0, (moment - last.at).seconds)
        self.last?.at = moment
    }
}

/// The energy of one attempt, measured by one task and read by another.
final class AttemptEnergy: Sendable {
    private let meter = NIOLockedValueBox<EnergyMeter?>(nil)

    /// How long it is between two readings.
    static let readEvery = Duration.seconds(5)

    /// The energy in joules; nil where it is not known.
    var joules: Int64? { meter.withLockedValue { $0?.joules } }

    /// Reads what devices draw, again and again until the task is cancelled. Of no devices there is nothing to read.
    func measure(_ devices: [String], clock: RunnerClock, power: @Sendable () async -> [String: Double]) async {
        guard !devices.isEmpty else { return }
        meter.withLockedValue { $0 = EnergyMeter(devices: devices) }
        repeat {
            let watts = await power()
            if Task.isCancelled { break }
            let moment = clock.now()
            meter.withLockedValue { $0?.note(watts, at: moment) }
        } while (try? await clock.pause(Self.readEvery)) != nil
        let end = clock.now()
        meter.withLockedValue { $0?.finish(at: end) }
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(wholeMilliseconds) / 1_000 }
}
