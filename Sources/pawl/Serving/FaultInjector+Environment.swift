import Foundation
import NIOConcurrencyHelpers
import PipelineModel

extension FaultInjector {
    /// Ends or stops this process without any warning at the point that `PAWL_FAULT` names, for tests of crashes.
    ///
    /// `PAWL_FAULT=claimed` ends it the first time, `PAWL_FAULT=claimed:3` the third time. `PAWL_FAULT=claimed:1:stop`
    /// stops it as `SIGSTOP` does, until a `SIGCONT` lets it go on.
    static func fromEnvironment(_ environment: [String: String]) throws -> FaultInjector {
        guard let text = environment["PAWL_FAULT"], !text.isEmpty else { return .none }
        let parts = text.split(separator: ":").map(String.init)
        guard parts.count <= 3, let point = FaultPoint(rawValue: parts[0]),
            let count = parts.count > 1 ? Int(parts[1]) : 1, count > 0,
            let signal = parts.count > 2 ? ["kill": SIGKILL, "stop": SIGSTOP][parts[2]] : SIGKILL
        else {
            let names = FaultPoint.allCases.map(\.rawValue).joined(separator: ", ")
            throw SettingsError(problems: [
                "PAWL_FAULT is \"\(text)\".  Write one of \(names), :n for the n-th time, and :stop for a stop"
            ])
        }
        let left = NIOLockedValueBox(count)
        return FaultInjector { reached in
            guard reached == point else { return }
            let isNow = left.withLockedValue { left in
                left -= 1
                return left == 0
            }
            if isNow { kill(getpid(), signal) }
        }
    }
}
