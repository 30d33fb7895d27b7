import NIOConcurrencyHelpers
import PipelineModel
import Testing

@testable import Runner

@Suite("the energy of an attempt", .timeLimit(.minutes(4)))
struct EnergyTests {
    @Test("is what its devices draw over time, with what others draw left out")
    func sum() {
        var meter = EnergyMeter(devices: ["a", "b"])
        #expect(meter.joules == nil)
        meter.note(["a": 100, "b": 50, "other": 999], at: .seconds(10))
        #expect(meter.joules == 0)
        meter.note(["a": 200, "b": 150], at: .seconds(20))
        #expect(meter.joules == 2_500)
        meter.finish(at: .milliseconds(20_500))
        #expect(meter.joules == 2_675)
    }

    @Test("is not known where a device does not tell")
    func holes() {
        var meter = EnergyMeter(devices: ["a", "b"])
        for (watts, second) in [(["a": 1.0, "b": 1], 1), (["a": 1.0], 2), (["a": 1.0, "b": 1], 3)] {
            meter.note(watts, at: .seconds(second))
        }
        #expect(meter.joules == nil)
    }

    @Test("is read every few seconds until the attempt ends; of no device nothing is asked")
    func measured() async throws {
        let time = TestClock()
        let asked = NIOLockedValueBox(0)
        let energy = AttemptEnergy()
        let measuring = Task {
            await energy.measure(["a"], clock: time.clock) {
                asked.withLockedValue { $0 += 1 }
                return ["a": 300]
            }
        }
        for moment in [Duration.seconds(5), .seconds(10)] {
            await time.waitForSleeper(until: moment)
            time.advance(to: moment)
        }
        await time.waitForSleeper(until: .seconds(15))
        time.advance(to: .seconds(11))
        measuring.cancel()
        await measuring.value
        #expect(energy.joules == 300 * 11 && asked.withLockedValue { $0 } == 3)
        await AttemptEnergy().measure([], clock: time.clock) {
            asked.withLockedValue { $0 += 1 }
            return [:]
        }
        #expect(asked.withLockedValue { $0 } == 3)
    }
}
