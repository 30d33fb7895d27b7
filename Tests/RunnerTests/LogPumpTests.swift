import Executors
import JobLogs
import Logging
import NIOConcurrencyHelpers
import PipelineModel
import Testing

@testable import Runner

@Suite("the way of the log to the server", .timeLimit(.minutes(2)))
struct LogPumpTests {
    private let key = LeaseKey(job: 1, attempt: 1, epoch: 1)

    private func pump(_ coordinator: TestCoordinator, _ control: AttemptControl = AttemptControl()) -> LogPump {
        LogPump(
            key: key, masker: SecretMasker([]), limit: .mebibytes(16), coordinator: coordinator, control: control,
            clock: .system, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("what a server lost in a crash is sent again, from where its file ends")
    func resent() async {
        let coordinator = TestCoordinator()
        let pump = pump(coordinator)
        await pump.take(Array(String(repeating: "first line\n", count: 10_000).utf8))
        coordinator.state.withLockedValue { $0.logs[1] = Array(($0.logs[1] ?? []).prefix(30_000)) }
        await pump.take(Array(String(repeating: "second line\n", count: 10_000).utf8))
        await pump.finish()
        let expected =
            String(repeating: "first line\n", count: 10_000) + String(repeating: "second line\n", count: 10_000)
        #expect(coordinator.log(of: 1) == expected)
    }

    @Test("a server that lost more than is kept gets the rest, and the hole is stated")
    func hole() async {
        let coordinator = TestCoordinator()
        let pump = pump(coordinator)
        let line = String(repeating: "x", count: 99) + "\n"
        for _ in 0..<30 { await pump.take(Array(String(repeating: line, count: 1_000).utf8)) }
        coordinator.state.withLockedValue { $0.logs[1] = Array(line.utf8) }
        await pump.take(Array("end\n".utf8))
        await pump.finish()
        let log = coordinator.log(of: 1)
        #expect(log.utf8.count == 3_000_004)
        #expect(log.contains("bytes were lost when the server stopped") && log.hasSuffix("end\n"))
    }

    @Test("a server that does not answer is asked again, and nothing is lost or doubled")
    func unavailable() async {
        let coordinator = TestCoordinator()
        let tries = NIOLockedValueBox(0)
        coordinator.onAppend.withLockedValue {
            $0 = { _ in
                let count = tries.withLockedValue { tries in
                    tries += 1
                    return tries
                }
                if count == 1 { throw CoordinatorError.unavailable("down") }
            }
        }
        let pump = pump(coordinator)
        await pump.take(Array("one\n".utf8))
        await pump.finish()
        #expect(coordinator.log(of: 1) == "one\n")
    }

    @Test("someone who follows sees an unfinished line after a while")
    func unfinishedLine() async throws {
        let coordinator = TestCoordinator()
        let time = TestClock()
        let pump = LogPump(
            key: key, masker: SecretMasker([]), limit: .mebibytes(16), coordinator: coordinator,
            control: AttemptControl(), clock: time.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let shown = ExecutorSignal()
        coordinator.onAppend.withLockedValue { $0 = { _ in shown.give() } }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await pump.run() }
            await pump.take(Array("10%\r20%".utf8))
            await time.waitForSleeper(until: .seconds(3))
            #expect(!shown.isGiven)
            time.advance(to: .seconds(3))
            try? await shown.wait()
            group.cancelAll()
        }
        await pump.finish()
        #expect(coordinator.log(of: 1) == "20%")
    }

    @Test("once the lease is another's the log takes nothing more, and the attempt hears of it")
    func lost() async {
        let coordinator = TestCoordinator()
        coordinator.onAppend.withLockedValue { $0 = { _ in throw CoordinatorError.leaseLost } }
        let control = AttemptControl()
        let pump = pump(coordinator, control)
        await pump.take(Array("one\n".utf8))
        await pump.finish()
        #expect(control.reason?.endsRight == true)
        #expect(coordinator.log(of: 1) == "")
    }
}
